"""The files that an image shows, and those that it ships unseen: layers over one another, whiteouts applied.

Decides what a later layer does to an earlier one: an entry replaces the one of its path, a whiteout removes it with
all below, an opaque directory hides what lower layers have in it. Source: "Image Layer Filesystem Changeset", OCI image
specification. A whiteout only ever concerns lower layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from fast_container.core.layers.entry import DIRECTORY, OPAQUE, WHITEOUT, Entry
from fast_container.core.layers.limits import LayerLimitError
from fast_container.core.layers.listing import Listing

_MOST_NODES: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Placed:
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


@dataclass(frozen=True, slots=True)
class Merged:
    """What layers make together.

    Attributes:
        files: Path → entry, of all that the image shows.
        hidden: All that it ships beside that.
    """

    files: dict[str, Placed]
    hidden: tuple[Hidden, ...]


@dataclass(slots=True, eq=False)
class _Node:
    placed: Placed | None = None
    children: dict[str, _Node] = field(default_factory=dict["str", "_Node"])


def merge(layers: Sequence[Listing]) -> Merged:
    """Put layers over one another, the lowest first.

    Raises:
        LayerLimitError: They have more directories than any image.
    """
    tree = _Tree()
    for index, listing in enumerate(layers):
        later: list[Placed] = []
        for entry in listing.entries:
            folder, _, name = entry.path.rpartition("/")
            if name == OPAQUE:
                tree.hide_below(folder, index)
            elif name.startswith(WHITEOUT):
                if not name.startswith(WHITEOUT * 2):
                    tree.remove(f"{folder}/{name[len(WHITEOUT) :]}" if folder else name[len(WHITEOUT) :], index)
            else:
                later.append(Placed(index, entry))
        for placed in later:
            tree.put(placed)
    return Merged({placed.entry.path: placed for placed in tree.all()}, tuple(tree.hidden))


class _Tree:
    def __init__(self) -> None:
        self.hidden: list[Hidden] = []
        self._root = _Node()
        self._count = 0

    def all(self) -> Iterator[Placed]:
        yield from self._below(self._root)

    def put(self, placed: Placed) -> None:
        """Place an entry; what is not a directory has nothing below it."""
        node = self._root
        for name in placed.entry.path.split("/") if placed.entry.path else ():
            child = node.children.get(name)
            if child is None:
                self._count += 1
                if self._count > _MOST_NODES:
                    raise LayerLimitError(f"the image has more than {_MOST_NODES} files and directories")
                child = node.children[name] = _Node()
            node = child
        before = node.placed
        if before is not None and (before.entry.kind != DIRECTORY or placed.entry.kind != DIRECTORY):
            self._hide(before, placed.layer, is_removed=False)
        node.placed = placed
        if placed.entry.kind != DIRECTORY and node.children:
            self._hide_all(node, placed.layer, is_removed=True)

    def remove(self, path: str, by: int) -> None:
        folder, _, name = path.rpartition("/")
        parent = self._find(folder)
        node = parent.children.pop(name, None) if parent else None
        if node is not None:
            if node.placed is not None:
                self._hide(node.placed, by, is_removed=True)
            self._hide_all(node, by, is_removed=True)

    def hide_below(self, path: str, by: int) -> None:
        node = self._find(path)
        if node is not None:
            self._hide_all(node, by, is_removed=True)

    def _hide_all(self, node: _Node, by: int, *, is_removed: bool) -> None:
        own, node.placed = node.placed, None
        for placed in self._below(node):
            self._hide(placed, by, is_removed=is_removed)
        node.placed = own
        node.children = {}

    def _hide(self, placed: Placed, by: int, *, is_removed: bool) -> None:
        self.hidden.append(Hidden(placed, by, is_removed))

    def _find(self, path: str) -> _Node | None:
        node: _Node | None = self._root
        for name in path.split("/") if path else ():
            node = node.children.get(name) if node else None
        return node

    @staticmethod
    def _below(top: _Node) -> Iterator[Placed]:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if node.placed is not None:
                yield node.placed
            waiting.extend(node.children.values())
