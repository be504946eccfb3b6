"""How much of a layer is read, so that a hostile one costs bounded memory and time.

Decides the limits and how it is said that one was met. Real images stay far below: the largest that Lambda takes has
10 GB, and a large scientific environment some 200,000 entries.
"""

from __future__ import annotations

from dataclasses import dataclass


class LayerError(ValueError):
    """A layer cannot be read: it is damaged, or not what images are made of."""


class LayerEndsError(LayerError):
    """A layer ends within an entry."""


class LayerLimitError(LayerError):
    """A layer is larger than a limit; the message names the limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one layer, and of an image.

    Attributes:
        unpacked_bytes: Of a layer.
        unpacked_factor: How many times larger than its compressed bytes a layer may be …
        free_bytes: … once it is larger than this.
        entries: Of a layer, and of all layers of an image together.
        name_bytes: All paths and link targets of a layer together.
        extended_headers: Headers before entries (pax, GNU) of a layer, all together; an entry needs one or two.
        header_bytes: An extended header.
        searched_bytes: Small files of a layer that are searched for secrets, all together.
        package_list_bytes: What is kept of a layer's lists of packages; more of them are left out.
        content_bytes: Files of a layer whose content is asked for, all together.
        depth: Components of a path.
        layers: Of an image.
    """

    unpacked_bytes: int = 64 << 30
    unpacked_factor: int = 250
    free_bytes: int = 1 << 30
    entries: int = 1_000_000
    name_bytes: int = 128 << 20
    extended_headers: int = 2_000_000
    header_bytes: int = 1 << 20
    searched_bytes: int = 1 << 30
    package_list_bytes: int = 64 << 20
    content_bytes: int = 16 << 20
    depth: int = 255
    layers: int = 512

    def most_unpacked(self, compressed_bytes: int) -> int:
        """The limit of a layer of that size: a file of zeros is fine, a bomb is not."""
        return min(self.unpacked_bytes, max(self.free_bytes, self.unpacked_factor * compressed_bytes))
