"""The bytes of an image that ship and are not shown.

Decides three kinds, which add up to all of them: deleted by a later layer; overwritten by another file; and duplicated,
when a later layer ships the same file again (equal size and time, as after ``chmod`` or ``chown``). Leaves the score to
``core.layers.efficiency``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fast_container.core.layers.contents import ImageFiles
from fast_container.core.layers.entry import FILE, Entry
from fast_container.core.layers.merged import Hidden

DELETED: Final = "deleted"
OVERWRITTEN: Final = "overwritten"
DUPLICATED: Final = "duplicated"
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class HiddenFile:
    """A file that ships and is not shown.

    Attributes:
        path: Its path.
        bytes: Its content.
        how: ``DELETED``, ``OVERWRITTEN`` or ``DUPLICATED``.
        layer: Index of its layer, the lowest is 0.
        by: Index of the layer that hides it.
    """

    path: str
    bytes: int
    how: str
    layer: int
    by: int


@dataclass(frozen=True, slots=True)
class Waste:
    """What an image ships unseen.

    Attributes:
        deleted_bytes: A later layer deletes it.
        overwritten_bytes: A later layer has another file in its place.
        duplicated_bytes: A later layer has the same file in its place.
        largest: The largest of these files.
        of_layers: The bytes of each layer that later ones hide.
    """

    deleted_bytes: int
    overwritten_bytes: int
    duplicated_bytes: int
    largest: tuple[HiddenFile, ...]
    of_layers: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """All of them."""
        return self.deleted_bytes + self.overwritten_bytes + self.duplicated_bytes


def waste_of(files: ImageFiles) -> Waste:
    """Find what an image ships unseen."""
    hidden = [one for one in files.merged.hidden if one.placed.entry.size]
    instead = _replacements(files, hidden)
    found = [_hidden_file(one, instead.get((one.by, one.placed.entry.path))) for one in hidden]
    of_layers = [0] * len(files.layers)
    for one in found:
        of_layers[one.layer] += one.bytes
    largest = sorted(found, key=lambda one: (-one.bytes, one.path, one.layer))[:_SHOWN]
    return Waste(
        _sum(found, DELETED), _sum(found, OVERWRITTEN), _sum(found, DUPLICATED), tuple(largest), tuple(of_layers)
    )


def _sum(found: Iterable[HiddenFile], how: str) -> int:
    return sum(one.bytes for one in found if one.how == how)


def _replacements(files: ImageFiles, hidden: Iterable[Hidden]) -> dict[tuple[int, str], Entry]:
    found: dict[tuple[int, str], Entry] = {}
    for one in hidden:
        listing, path = files.layers[one.by].listing, one.placed.entry.path
        if not one.is_removed and path in listing.index:
            found[one.by, path] = listing.entry(listing.index[path])
    return found


def _hidden_file(one: Hidden, instead: Entry | None) -> HiddenFile:
    entry = one.placed.entry
    how = DELETED
    if not one.is_removed:
        is_same = instead is not None and (instead.kind, instead.size, instead.mtime) == (FILE, entry.size, entry.mtime)
        how = DUPLICATED if is_same else OVERWRITTEN
    return HiddenFile(entry.path, entry.size, how, one.placed.layer, one.by)
