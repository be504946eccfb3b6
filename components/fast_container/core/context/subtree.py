"""All that is there below a directory of a view, as it goes into a digest.

Decides the order of what counts: that of the paths' bytes, in which the content of a directory ``a`` stands together,
but behind ``a.txt``, because ``.`` comes before ``/``. Leaves what is there to ``core.context.view`` and adding up to
``core.context.selection``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from fast_container.core.context.directory_files import Files
from fast_container.core.context.node import Node, path_bytes, path_text
from fast_container.core.context.stat_facts import each_of, sizes_of
from fast_container.core.context.tree import Tree


class Subtree:
    """What is below a directory, complete.

    Attributes:
        prefix: What the path bytes of all that is in it begin with, and of nothing else.
        frames: What counts of it, in the order of the paths' bytes.
    """

    def __init__(
        self, tree: Tree, directories: Sequence[Node], files: Sequence[Files], others: Sequence[Sequence[Node]]
    ) -> None:
        """Of complete nodes.

        Args:
            tree: Where they are.
            directories: The directory itself, then all below it, each before those in it.
            files: For each of them, the files in it.
            others: For each of them, all else in it.
        """
        self._tree = tree
        self._directories = directories
        self._files = files
        self._others = others
        self.prefix = path_bytes(directories[0].prefix)
        self.frames = _joined(directories, files, others)

    @cached_property
    def file_count(self) -> int:
        """Files and links."""
        links = sum([node.kind != "dir" for others in self._others for node in others])
        return sum([len(files) for files in self._files]) + links

    @cached_property
    def total_bytes(self) -> int:
        """The files' content."""
        return sum(sizes_of(b"".join([files.facts for files in self._files])))

    def nodes(self) -> list[Node]:
        """All of it, complete, in no order."""
        found: list[Node] = []
        for directory, files, others in zip(self._directories, self._files, self._others, strict=True):
            children = self._tree.children(directory)
            named = [children[path_text(name)] for name in files.each_name()]
            for node, facts, frames in zip(named, each_of(files.facts), files.each_frame(), strict=True):
                node.facts, node.frames = facts, frames
            found += named
            found += others
        return found


def _joined(directories: Sequence[Node], files: Sequence[Files], others: Sequence[Sequence[Node]]) -> bytes:
    inside: dict[Node, bytes] = {}
    for number in range(len(directories) - 1, -1, -1):
        directory, here = directories[number], files[number]
        if not others[number]:
            inside[directory] = here.frames
            continue
        parts = list(zip(here.each_name(), here.each_frame(), strict=True))
        for node in others[number]:
            name = path_bytes(node.name)
            parts.append((name, node.frames))
            if node.kind == "dir":
                parts.append((name + b"/", inside.pop(node)))
        parts.sort()
        inside[directory] = b"".join([frames for _, frames in parts])
    return inside[directories[0]]
