"""The files of an image as a tree of directories, for a treemap and for a list that opens and closes.

Decides how a file is marked: of a Python distribution, of a package of the system, of neither; against another image as
new, larger, smaller or the same. Files that are far too small to be seen are one node of their directory, so that a
million of them cost little memory. Directories that hold nothing but one directory are one node with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fast_container.breakdown.image import Breakdown
from fast_container.core.spelling import counted

OF_DISTRIBUTION: Final = "python"
OF_SYSTEM: Final = "system"
OF_NEITHER: Final = "other"
NEW: Final = "new"
LARGER: Final = "larger"
SMALLER: Final = "smaller"
SAME: Final = "same"
_SMALLEST: Final = 20_000


@dataclass(slots=True, eq=False)
class Node:
    """A file or directory.

    Attributes:
        name: Of a directory that stands for a chain of them, all their names.
        path: From the root, with a slash at its start.
        bytes: Content, with all below.
        files: How many they are; 1 for a file.
        marks: Mark → bytes.
        children: What is in a directory, the largest first.
    """

    name: str
    path: str
    bytes: int = 0
    files: int = 0
    marks: Counter[str] = field(default_factory=Counter[str])
    children: list[Node] = field(default_factory=list["Node"])

    @property
    def mark(self) -> str:
        """The mark of most of its bytes."""
        return max(self.marks, key=lambda mark: (self.marks[mark], mark)) if self.marks else OF_NEITHER


def file_tree(one: Breakdown, before: Mapping[str, int] | None = None) -> Node:
    """Make the tree of the files that an image shows.

    Args:
        one: The image.
        before: Path → bytes of another image; then the marks are those of the change.
    """
    root = Node("/", "/")
    least = sum(one.sizes.values()) // _SMALLEST
    small: dict[str, Node] = {}
    folders: dict[str, Node] = {"": root}
    for path, size in one.sizes.items():
        if not size:
            continue
        mark = _kind(one, path) if before is None else _change(size, before.get(path))
        place, _, name = path.rpartition("/")
        if size >= least:
            _folder(folders, place).children.append(Node(name, f"/{path}", size, 1, Counter({mark: size})))
            continue
        if place not in small:
            small[place] = Node("", "")
            _folder(folders, place).children.append(small[place])
        small[place].bytes += size
        small[place].files += 1
        small[place].marks[mark] += size
    for place, node in small.items():
        node.name = f"({counted(node.files, 'smaller file')})"
        node.path = f"/{place}/{node.name}" if place else f"/{node.name}"
    for path in sorted(folders, key=lambda path: -path.count("/") - bool(path)):
        _finish(folders[path])
    return root


def _folder(folders: dict[str, Node], path: str) -> Node:
    missing: list[str] = []
    while path not in folders:
        missing.append(path)
        path = path.rpartition("/")[0]
    for name in reversed(missing):
        made = folders[name] = Node(name.rpartition("/")[2], f"/{name}")
        folders[name.rpartition("/")[0]].children.append(made)
    return folders[missing[0] if missing else path]


def _finish(folder: Node) -> None:
    """Add up a directory whose children are finished."""
    folder.children.sort(key=lambda child: (-child.bytes, child.name))
    for child in folder.children:
        folder.bytes += child.bytes
        folder.files += child.files
        folder.marks.update(child.marks)
    if len(folder.children) == 1 and folder.children[0].children:
        only = folder.children[0]
        folder.name = f"{folder.name.rstrip('/')}/{only.name}"
        folder.path, folder.children = only.path, only.children


def _kind(one: Breakdown, path: str) -> str:
    if path in one.owners.distributions:
        return OF_DISTRIBUTION
    return OF_SYSTEM if path in one.owners.packages else OF_NEITHER


def _change(size: int, before: int | None) -> str:
    if before is None:
        return NEW
    return SAME if size == before else LARGER if size > before else SMALLER
