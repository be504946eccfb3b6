"""Where a path of a Dockerfile leads in a view when its links are followed.

Decides as BuildKit's ``contenthash`` does: each link on the way is replaced by its target, an absolute one starts again
at the context's root, ``..`` ends at the root, more than 255 links are a loop. Leaves what is done with the place to
``core.context.selection``.

Source: moby/buildkit v0.34, ``cache/contenthash/checksum.go``, ``getFollowLinksCallback``.
"""

from __future__ import annotations

from dataclasses import dataclass

from fast_container.core.context.node import Node
from fast_container.core.context.view import View

_MOST_LINKS = 255


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads.

    Attributes:
        path: The path without links, whether or not it exists.
        node: The node at that path; None if it does not exist, or the links form a cycle.
        links: The links that were followed.
        is_loop: Whether they form a cycle.
    """

    path: str
    node: Node | None
    links: tuple[Node, ...]
    is_loop: bool = False


def resolve(view: View, path: str, *, follow_last: bool) -> Place:
    """Follow a path.

    Args:
        view: The view to look in.
        path: Relative to the context's root; may hold ``.``, ``..`` and empty components.
        follow_last: Whether a link in the last component is followed too.
    """
    pending = path.split("/")[::-1]
    current: list[str] = []
    # The node of each part of ``current``, after the root.
    nodes: list[Node | None] = [view.tree.top]
    links: list[Node] = []
    while pending:
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if current:
                del current[-1], nodes[-1]
            continue
        above = nodes[-1]
        node = view.child(above, part) if above is not None else None
        if node is None or node.kind != "symlink" or (not follow_last and not any(pending)):
            current.append(part)
            nodes.append(node)
            continue
        links.append(node)
        if len(links) > _MOST_LINKS:
            return Place("/".join(current), None, tuple(dict.fromkeys(links)), is_loop=True)
        target = view.tree.link_target(node)
        if target.startswith("/"):
            current, nodes = [], [view.tree.top]
        pending.extend(target.split("/")[::-1])
    return Place("/".join(current), nodes[-1], tuple(dict.fromkeys(links)))
