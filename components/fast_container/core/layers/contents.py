"""An image with its files: configuration, layers with their listings, and what they show together.

Decides which instruction made which layer, and what stands in place of layers that cannot be read. Its ``repr`` leaves
out the files: asyncio writes one of each result. Leaves reading to
``build.image_contents``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.core.layers.listing import Listing
from fast_container.core.layers.merged import Merged
from fast_container.core.oci.configuration import HistoryEntry, ImageConfiguration


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer.

    Attributes:
        digest: Its digest.
        compressed_bytes: As stored and pulled.
        created_by: The instruction that made it; ``""`` where the image does not say.
        listing: Its entries.
    """

    digest: str
    compressed_bytes: int
    created_by: str
    listing: Listing


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The layers of an image, the lowest first, and what they show together."""

    layers: tuple[ImageLayer, ...]
    merged: Merged

    @property
    def unpacked_bytes(self) -> int:
        """Content of all files of all layers."""
        return sum(layer.listing.unpacked_bytes for layer in self.layers)


@dataclass(frozen=True, slots=True)
class ImageContents:
    """An image.

    Attributes:
        name: Reference or ``host/name@sha256:…``.
        media_type: The manifest's.
        is_of_index: It was taken out of an image index.
        layer_bytes: Digest → compressed bytes, the lowest layer first.
        configuration: Its configuration.
        files: Its files; None where they cannot be read.
        unreadable: Why they cannot be read; ``""`` where they can.
        contents: Path → content, of the files whose content was asked for and is not too large.
    """

    name: str
    media_type: str
    is_of_index: bool
    layer_bytes: tuple[tuple[str, int], ...]
    configuration: ImageConfiguration
    files: ImageFiles | None = field(repr=False)
    unreadable: str = ""
    contents: Mapping[str, bytes] = field(default_factory=dict["str", "bytes"], repr=False)

    @property
    def compressed_bytes(self) -> int:
        """The layers together, as stored and pulled."""
        return sum(size for _, size in self.layer_bytes)


def instructions(history: tuple[HistoryEntry, ...], count: int) -> list[str]:
    """The instruction of each of so many layers; ``""`` where the history does not fit."""
    made = [entry.created_by for entry in history if not entry.is_empty]
    return made if len(made) == count else [""] * count
