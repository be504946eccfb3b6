"""Which entries of a view an image reads, and their digest.

Decides how an image's sources add up: the entries that they take, with the directories above, so that the same entries
can be staged and BuildKit's own copy works on them. What was taken once is remembered for the next image. Leaves what
one source takes to ``core.context.copy_source`` and which sources there are to ``core.dockerfile``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter

from fast_container.core.context.copy_source import CopySource, TakenEntries, take
from fast_container.core.context.node import Node
from fast_container.core.context.subtree import Subtree
from fast_container.core.context.view import View
from fast_container.core.entry import Entry

_sort_key = attrgetter("sort_key")


class Selection:
    """Selected entries of one context: single nodes, and everything below some directories.

    Attributes:
        digest: Their ``entries_digest`` (``core.key``).
    """

    def __init__(self, nodes: Iterable[Node], subtrees: Iterable[Subtree]) -> None:
        """Make a selection of complete nodes, each once; a node that is also in a subtree counts once."""
        parts: list[tuple[bytes, Node | Subtree]] = [(node.sort_key, node) for node in nodes]
        parts += [(subtree.prefix, subtree) for subtree in subtrees]
        parts.sort(key=lambda part: part[0])
        self._nodes: list[Node] = []
        self._subtrees: list[Subtree] = []
        encoded: list[bytes] = []
        inside: bytes | None = None
        for key, part in parts:
            if inside is not None and key.startswith(inside):
                continue
            encoded.append(part.encoded)
            if isinstance(part, Subtree):
                inside = key
                self._subtrees.append(part)
            else:
                self._nodes.append(part)
        self.digest = hashlib.sha256(b"".join(encoded)).hexdigest()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in the order of the paths' bytes; every parent directory of a node is among them."""
        below = [node for subtree in self._subtrees for node in subtree.nodes()]
        return tuple(sorted([*self._nodes, *below], key=_sort_key))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The nodes as entries; made on demand, because a key alone needs none."""
        return tuple([node.entry() for node in self.nodes])

    @cached_property
    def file_count(self) -> int:
        """Number of files and links."""
        alone = len([True for node in self._nodes if node.kind != "dir"])
        return alone + sum([subtree.file_count for subtree in self._subtrees])

    @cached_property
    def total_bytes(self) -> int:
        """Bytes of the files' content."""
        alone = sum([node.size for node in self._nodes if node.kind == "file"])
        return alone + sum([subtree.total_bytes for subtree in self._subtrees])


def select_whole(view: View) -> Selection:
    """Select everything. The caller holds the tree's lock.

    Raises:
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    known: Selection | None = view.answers.get("whole")
    if known is None:
        known = view.answers["whole"] = Selection((), (view.subtree(view.tree.top),))
    return known


def take_once(view: View, source: CopySource) -> TakenEntries:
    """Take a source, or return the remembered result. The caller holds the tree's lock; raises as ``take`` does."""
    known: TakenEntries | None = view.answers.get(source)
    if known is None:
        known = view.answers[source] = take(view, source)
    return known


def select_sources(view: View, sources: Sequence[CopySource]) -> Selection:
    """Select the entries of all sources together, with the directories above. The caller holds the tree's lock.

    Raises:
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    asked = ("together", frozenset(sources))
    known: Selection | None = view.answers.get(asked)
    if known is None:
        nodes: dict[Node, None] = {}
        directories: dict[Node, None] = {}
        for source in sources:
            taken = take_once(view, source)
            nodes.update(taken.nodes)
            directories.update(taken.directories)
        for node in [*nodes, *directories]:
            above = node.parent
            while above is not None and above.parent is not None and above not in nodes:
                nodes[above] = None
                above = above.parent
        known = view.answers[asked] = _selected(view, nodes, directories)
    return known


def part_digest(view: View, source: CopySource) -> str:
    """Compute the ``entries_digest`` of what one source takes, for explaining.

    Raises:
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    asked = ("part", source)
    known: str | None = view.answers.get(asked)
    if known is None:
        taken = take_once(view, source)
        known = view.answers[asked] = _selected(view, taken.nodes, taken.directories).digest
    return known


def _selected(view: View, nodes: Iterable[Node], directories: Iterable[Node]) -> Selection:
    view.tree.complete(nodes)
    return Selection(nodes, [view.subtree(directory) for directory in directories])
