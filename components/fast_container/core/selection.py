"""Which entries of a view an image reads, and the digest of exactly these.

Decides how an image's sources add up: what they take, with the directories above, so that the same entries can be
staged and BuildKit's own copy works on them; and that what was taken once is not looked for again for the next image.
Leaves what one source takes to ``core.matching`` and which sources there are to ``core.dockerfile``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter

from fast_container.core.entry import Entry
from fast_container.core.matching import Source, Taken, take
from fast_container.core.node import Node
from fast_container.core.view import View

_sort_key = attrgetter("sort_key")


class Selection:
    """Selected entries of one context.

    Attributes:
        nodes: Complete; in the order of the paths' bytes; every parent directory of a node is among them.
        digest: Their ``entries_digest`` (``core.key``).
    """

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self.digest = _digest(nodes)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The nodes as entries; made when asked for, because a key alone needs none."""
        return tuple([node.entry() for node in self.nodes])

    @cached_property
    def file_count(self) -> int:
        """Files and links."""
        return len([True for node in self.nodes if node.kind != "dir"])

    @cached_property
    def total_bytes(self) -> int:
        """The files' content."""
        return sum([node.size for node in self.nodes if node.kind == "file"])


def select_whole(view: View) -> Selection:
    """All that is there. Wants the tree's lock to be held.

    Raises:
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    known: Selection | None = view.answers.get("whole")
    if known is None:
        known = view.answers["whole"] = _selection(view, view.subtree(view.tree.top))
    return known


def taken_by(view: View, source: Source) -> Taken:
    """What a source takes, looked for once. Wants the tree's lock to be held; raises as ``take`` does."""
    known: Taken | None = view.answers.get(source)
    if known is None:
        known = view.answers[source] = take(view, source)
    return known


def select_sources(view: View, sources: Sequence[Source]) -> Selection:
    """What the sources take together, with the directories above. Wants the tree's lock to be held.

    Raises:
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    asked = ("together", frozenset(sources))
    known: Selection | None = view.answers.get(asked)
    if known is None:
        nodes: dict[Node, None] = {}
        for source in sources:
            nodes.update(taken_by(view, source).nodes)
        for node in list(nodes):
            above = node.parent
            while above is not None and above.parent is not None and above not in nodes:
                nodes[above] = None
                above = above.parent
        known = view.answers[asked] = _selection(view, nodes)
    return known


def part_digest(view: View, source: Source) -> str:
    """The ``entries_digest`` of what one source takes, for explaining; of complete nodes."""
    asked = ("part", source)
    known: str | None = view.answers.get(asked)
    if known is None:
        known = view.answers[asked] = _digest(sorted(taken_by(view, source).nodes, key=_sort_key))
    return known


def _selection(view: View, nodes: Iterable[Node]) -> Selection:
    ordered = list(nodes)
    view.tree.complete(ordered)
    ordered.sort(key=_sort_key)
    return Selection(tuple(ordered))


def _digest(nodes: Iterable[Node]) -> str:
    return hashlib.sha256(b"".join([node.frames for node in nodes])).hexdigest()
