"""Which entries of a view an image reads, and the digest of exactly these.

Decides what a selector takes (BuildKit's contenthash: links on the way and link targets count, links inside a copied
directory count by their text) and adds the directories above it, so that the same entries can be staged and BuildKit's
own copy works on them. Leaves what the selectors are to ``core.dockerfile``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter

from fast_container.core.entry import Entry
from fast_container.core.view import View
from fast_container.core.walk import Node

_sort_key = attrgetter("sort_key")


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected entries of one context.

    Attributes:
        nodes: Complete; in the order of the paths' bytes; every parent directory of a node is among them.
        digest: Their ``entries_digest`` (``core.key``).
    """

    nodes: tuple[Node, ...]
    digest: str

    def entries(self) -> tuple[Entry, ...]:
        """The nodes as entries; made when asked for, because a key alone needs none."""
        return tuple([node.entry() for node in self.nodes])


def select_whole(view: View) -> Selection:
    """All that is there. Wants the tree's lock to be held.

    Raises:
        ContextError: Something cannot be read, changed while it was read, or cannot be in a context.
    """
    return _cached(view, "whole", lambda: view.subtree(view.tree.top))


def _cached(view: View, asked: object, nodes: Callable[[], Iterable[Node]]) -> Selection:
    known: Selection | None = view.answers.get(asked)
    if known is None:
        known = _selection(view, nodes())
        view.answers[asked] = known
    return known


def _selection(view: View, nodes: Iterable[Node]) -> Selection:
    ordered = list(nodes)
    view.tree.complete(ordered)
    ordered.sort(key=_sort_key)
    digest = hashlib.sha256(b"".join([node.frames for node in ordered])).hexdigest()
    return Selection(tuple(ordered), digest)
