"""The few directories that hold most of the bytes, or most of a change.

Decides which: going from the leaves to the root, a directory is listed when what is in it, without directories that are
listed already, is at least a share of the whole. So the list is short, names the deepest place that explains the bytes,
and adds up to the whole: nothing in it counts twice. Bytecode counts with its source. Of two images the weight of a
file is how much it changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SHARE: Final = 0.03
_BYTECODE: Final = "/__pycache__"
_NOTHING: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory with what is in it, without the directories below it that are listed themselves.

    Attributes:
        path: ``""`` is the root.
        bytes: Content of its files.
        files: How many they are.
        before_bytes: The same of the other image; 0 if there is no other one.
        is_rest: Directories below it are listed themselves.
    """

    path: str
    bytes: int
    files: int
    before_bytes: int = 0
    is_rest: bool = False

    @property
    def growth_bytes(self) -> int:
        """How many bytes more there are than before."""
        return self.bytes - self.before_bytes


@dataclass(slots=True)
class _Sum:
    weight: int = 0
    bytes: int = 0
    files: int = 0
    before_bytes: int = 0
    is_rest: bool = False

    def add(self, other: _Sum) -> None:
        self.weight += other.weight
        self.bytes += other.bytes
        self.files += other.files
        self.before_bytes += other.before_bytes
        self.is_rest |= other.is_rest


def heavy_directories(
    sizes: Mapping[str, int], before: Mapping[str, int] = _NOTHING, *, share: float = SHARE
) -> list[Directory]:
    """Divide files among directories, the heaviest first.

    Args:
        sizes: Path of a file → its bytes.
        before: The same of another image, for what changed.
        share: How much of the whole a directory must hold to be listed.
    """
    sums: defaultdict[str, _Sum] = defaultdict(_Sum)
    for path, size in sizes.items():
        one = sums[_folder(path)]
        old = before.get(path, 0)
        one.weight += abs(size - old)
        one.bytes += size
        one.files += 1
        one.before_bytes += old
    for path, old in before.items():
        if path not in sizes:
            one = sums[_folder(path)]
            one.weight += old
            one.before_bytes += old
    whole = sum(one.weight for one in sums.values())
    found = _listed(sums, share * whole) if whole else []
    return sorted(found, key=lambda one: (-abs(one.growth_bytes), one.path))


def _listed(sums: defaultdict[str, _Sum], least: float) -> list[Directory]:
    by_depth: defaultdict[int, set[str]] = defaultdict(set)
    for path in sums:
        by_depth[_depth(path)].add(path)
    found: list[Directory] = []
    for depth in range(max(by_depth), 0, -1):
        for path in by_depth[depth]:
            one, parent = sums[path], path.rpartition("/")[0]
            by_depth[depth - 1].add(parent)
            if one.weight >= least:
                found.append(Directory(path, one.bytes, one.files, one.before_bytes, one.is_rest))
                sums[parent].is_rest = True
            else:
                sums[parent].add(one)
    root = sums[""]
    if root.weight:
        found.append(Directory("", root.bytes, root.files, root.before_bytes, root.is_rest))
    return found


def _folder(path: str) -> str:
    return path.rpartition("/")[0].removesuffix(_BYTECODE)


def _depth(path: str) -> int:
    return path.count("/") + 1 if path else 0
