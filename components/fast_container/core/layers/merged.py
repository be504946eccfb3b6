"""The files that an image shows, and those that it ships unseen: layers over one another, whiteouts applied.

Decides what a later layer does to an earlier one: an entry replaces the one of its path, a whiteout removes it with
all below, an opaque directory hides what lower layers have in it. Source: "Image Layer Filesystem Changeset", OCI image
specification. A whiteout only ever concerns lower layers. Paths are compared as sets, so that the cost is that of what
layers have in common: a small layer over a large base costs little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from fast_container.core.layers.entry import DIRECTORY, OPAQUE, WHITEOUT, Entry
from fast_container.core.layers.file_kinds import IS_WHITEOUT
from fast_container.core.layers.limits import LayerLimitError
from fast_container.core.layers.listing import Listing

_MOST_STEPS: Final = 30_000_000


class Placed(NamedTuple):
    """An entry and the index of its layer, the lowest is 0."""

    layer: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Hidden:
    """An entry that the image ships and does not show.

    Attributes:
        placed: The entry.
        by: Index of the layer that hides it.
        is_removed: It was deleted; else it was replaced.
    """

    placed: Placed
    by: int
    is_removed: bool


@dataclass(frozen=True)
class Merged:
    """What layers make together.

    Attributes:
        listings: The layers.
        top: Path → layer whose entry the image shows.
        covered: Layer → index of an entry that ships unseen → the layer that hides it, and whether it was deleted.
    """

    listings: tuple[Listing, ...]
    top: dict[str, int]
    covered: tuple[dict[int, tuple[int, bool]], ...]

    def get(self, path: str) -> Placed | None:
        """Return the entry that the image shows at a path; links are not followed."""
        layer = self.top.get(path)
        return None if layer is None else Placed(layer, self.listings[layer].entry(self.listings[layer].index[path]))

    def of_kind(self, kind: str) -> Iterator[Placed]:
        """Yield what the image shows of a kind, as ``core.layers.file_kinds`` names it."""
        for layer, listing in enumerate(self.listings):
            for at in listing.of_kind(kind):
                if self.is_shown(layer, at):
                    yield Placed(layer, listing.entry(at))

    def removed_of_kind(self, kind: str) -> Iterator[Placed]:
        """Yield what a later layer deletes of a kind."""
        for layer, listing in enumerate(self.listings):
            covered = self.covered[layer]
            for at in listing.of_kind(kind) if covered else ():
                if covered.get(at, (0, False))[1]:
                    yield Placed(layer, listing.entry(at))

    def is_shown(self, layer: int, at: int) -> bool:
        """Whether the image shows an entry of a layer."""
        path = self.listings[layer].paths[at]
        return self.top.get(path) == layer and self.listings[layer].index[path] == at

    def has_below(self, folder: str) -> bool:
        """Whether the image shows anything in a directory."""
        return any(
            self.top.get(path) == layer for layer, listing in enumerate(self.listings) for path in listing.below(folder)
        )

    @cached_property
    def files(self) -> dict[str, Placed]:
        """Path → entry, of all that the image shows; it costs much where there are many."""
        found: dict[str, Placed] = {}
        for path, layer in self.top.items():
            listing = self.listings[layer]
            found[path] = Placed(layer, listing.entry(listing.index[path]))
        return found

    @cached_property
    def hidden(self) -> tuple[Hidden, ...]:
        """All that it ships beside that."""
        return tuple(
            Hidden(Placed(layer, self.listings[layer].entry(at)), by, is_removed)
            for layer, covered in enumerate(self.covered)
            for at, (by, is_removed) in covered.items()
        )

    @cached_property
    def hidden_bytes(self) -> int:
        """Content of what it ships unseen."""
        return sum(
            self.listings[layer].sizes[at] for layer, covered in enumerate(self.covered) for at in covered if covered
        )


def merge(layers: Sequence[Listing], most_steps: int = _MOST_STEPS) -> Merged:
    """Put layers over one another, the lowest first; deleting takes at most so many steps.

    Raises:
        LayerLimitError: They delete more than those of any image.
    """
    merging = _Merging(tuple(layers), most_steps)
    for by in range(len(layers)):
        merging.put(by)
    return Merged(merging.layers, merging.top, tuple(merging.covered))


class _Merging:
    def __init__(self, layers: tuple[Listing, ...], most_steps: int) -> None:
        self.layers = layers
        self.top: dict[str, int] = {}
        self.covered: list[dict[int, tuple[int, bool]]] = [{} for _ in layers]
        self._implied: set[str] = set()
        self._steps = 0
        self._most_steps = most_steps

    def put(self, by: int) -> None:
        """Place a layer over those below it."""
        listing = self.layers[by]
        for at in listing.of_kind(IS_WHITEOUT):
            folder, _, name = listing.paths[at].rpartition("/")
            if name == OPAQUE:
                self._hide_below(folder, by)
            elif not name.startswith(WHITEOUT * 2):
                plain = name[len(WHITEOUT) :]
                self._remove(f"{folder}/{plain}" if folder else plain, by)
        self._repeated(by)
        for path in listing.index.keys() & self.top.keys():
            self._replace(path, by)
        for path in listing.index.keys() & self._implied:
            if listing.types[listing.index[path]] != DIRECTORY:
                self._hide_below(path, by)
        self.top.update(dict.fromkeys(listing.index, by))
        self._implied |= listing.implied

    def _repeated(self, by: int) -> None:
        """Cover the earlier entries of a path that is in a layer twice: the last one counts."""
        listing = self.layers[by]
        if len(listing.index) + len(listing.of_kind(IS_WHITEOUT)) == len(listing):
            return
        marks = frozenset(listing.of_kind(IS_WHITEOUT))
        for at, path in enumerate(listing.paths):
            last = listing.index.get(path, at)
            if last != at and at not in marks and not listing.types[at] == listing.types[last] == DIRECTORY:
                self.covered[by][at] = (by, False)

    def _replace(self, path: str, by: int) -> None:
        layer, listing = self.top[path], self.layers[by]
        below = self.layers[layer]
        at = below.index[path]
        is_folder = listing.types[listing.index[path]] == DIRECTORY
        was_folder = below.types[at] == DIRECTORY
        if is_folder and was_folder:
            return
        self.covered[layer][at] = (by, False)
        if was_folder:
            self._hide_below(path, by)

    def _remove(self, path: str, by: int) -> None:
        layer = self.top.get(path)
        if layer is None:
            self._hide_below(path, by)
            return
        at = self.layers[layer].index[path]
        self._hide(path, by)
        if self.layers[layer].types[at] == DIRECTORY:
            self._hide_below(path, by)

    def _hide_below(self, folder: str, by: int) -> None:
        for listing in self.layers[:by]:
            paths = listing.below(folder)
            self._count(1 + len(paths))
            for path in paths:
                self._hide(path, by)

    def _hide(self, path: str, by: int) -> None:
        layer = self.top.pop(path, None)
        if layer is not None:
            self.covered[layer][self.layers[layer].index[path]] = (by, True)

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > self._most_steps:
            raise LayerLimitError(f"its layers delete files in more than {self._most_steps} steps")
