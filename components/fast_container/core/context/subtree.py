"""Everything below a directory of a view, as it goes into a digest.

Decides the order: that of the paths' bytes, in which the content of a directory ``a`` stands together, but after
``a.txt``, because ``.`` comes before ``/``. Leaves which names are there to ``core.context.view`` and adding up to
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
    """Everything below a directory, complete.

    Attributes:
        prefix: The prefix of the path bytes of everything in it, and of nothing else.
        encoded: The encoded entries, in the order of the paths' bytes.
    """

    def __init__(
        self, tree: Tree, directories: Sequence[Node], files: Sequence[Files], others: Sequence[Sequence[Node]]
    ) -> None:
        """Make a subtree of complete nodes.

        Args:
            tree: Where they are.
            directories: The directory itself, then all below it, each before those in it.
            files: For each of them, the files in it.
            others: For each of them, everything else in it.
        """
        self._tree = tree
        self._directories = directories
        self._files = files
        self._others = others
        self.prefix = path_bytes(directories[0].prefix)
        self.encoded = _joined(directories, files, others)

    @cached_property
    def file_count(self) -> int:
        """Number of files and links."""
        links = sum([node.kind != "dir" for others in self._others for node in others])
        return sum([len(files) for files in self._files]) + links

    @cached_property
    def total_bytes(self) -> int:
        """Bytes of the files' content."""
        return sum(sizes_of(b"".join([files.facts for files in self._files])))

    def nodes(self) -> list[Node]:
        """Return all nodes, complete, in no order."""
        found: list[Node] = []
        for directory, files, others in zip(self._directories, self._files, self._others, strict=True):
            children = self._tree.children(directory)
            named = [children[path_text(name)] for name in files.each_name()]
            for node, facts, encoded in zip(named, each_of(files.facts), files.each_encoded(), strict=True):
                node.facts, node.encoded = facts, encoded
            found += named
            found += others
        return found


def _joined(directories: Sequence[Node], files: Sequence[Files], others: Sequence[Sequence[Node]]) -> bytes:
    inside: dict[Node, bytes] = {}
    for number in range(len(directories) - 1, -1, -1):
        directory, here = directories[number], files[number]
        if not others[number]:
            inside[directory] = here.encoded
            continue
        parts = list(zip(here.each_name(), here.each_encoded(), strict=True))
        for node in others[number]:
            name = path_bytes(node.name)
            parts.append((name, node.encoded))
            if node.kind == "dir":
                parts.append((name + b"/", inside.pop(node)))
        parts.sort()
        inside[directory] = b"".join([encoded for _, encoded in parts])
    return inside[directories[0]]
