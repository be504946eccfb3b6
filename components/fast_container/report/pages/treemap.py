"""A tree of files as boxes within boxes, whose areas are their bytes.

Decides which are drawn: a directory is opened while there is room for it, and what is too small to be seen is one box
together, so the number of boxes has a limit however many files there are. The arrangement is squarify's.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fast_container.core.spelling import counted, size_text
from fast_container.printable import printable
from fast_container.report.pages.environment import needed
from fast_container.report.pages.file_tree import Node

_HEADER: Final = 16.0
_GAP: Final = 2.0
_OPENED_WIDTH: Final = 44.0
_OPENED_HEIGHT: Final = 40.0
_LEAST_AREA: Final = 300.0
_CHARACTER: Final = 6.8
_DEEPEST: Final = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A box.

    Attributes:
        x: Left edge.
        y: Upper edge.
        width: Its width.
        height: Its height.
        label: What is written on it; ``""`` if there is no room.
        second: A second line.
        said: What it is, for who points at it or hears it.
        mark: Mark of most of its bytes.
        is_open: There are boxes in it.
    """

    x: float
    y: float
    width: float
    height: float
    label: str
    second: str
    said: str
    mark: str
    is_open: bool


def treemap(root: Node, width: float, height: float) -> list[Box]:
    """Arrange a tree; a box comes before those that are in it.

    Raises:
        LocalSystemError: The extra is not installed.
    """
    squarify = needed("squarify")
    return list(_boxes(squarify, root, (0.0, 0.0, width, height), 0)) if root.bytes else []


def _boxes(squarify: Any, node: Node, area: tuple[float, float, float, float], depth: int) -> Iterator[Box]:
    x, y, width, height = area
    is_open = bool(node.children) and width >= _OPENED_WIDTH and height >= _OPENED_HEIGHT and depth < _DEEPEST
    room = int((width - 8) / _CHARACTER)
    second = size_text(node.bytes)
    label = _fitted(node.name, room) if height >= 13 else ""
    if is_open and label and room - _length(label) > len(second) + 1:
        label, second = f"{label} {second}", ""
    has_second = bool(second) and not is_open and height >= 28 and room >= len(second)
    said = f"{node.path}, {size_text(node.bytes)}"
    if node.files > 1:
        said = f"{said}, {counted(node.files, 'file')}"
    yield Box(x, y, width, height, label, second if has_second else "", said, node.mark, is_open)
    if not is_open:
        return
    inner = (x + _GAP, y + _HEADER, width - 2 * _GAP, height - _HEADER - _GAP)
    shown = _shown(node, inner[2] * inner[3])
    sizes = squarify.normalize_sizes([child.bytes for child in shown], inner[2], inner[3])
    for child, place in zip(shown, squarify.squarify(sizes, *inner), strict=True):
        gap = min(1.0, place["dx"] / 4, place["dy"] / 4)
        yield from _boxes(squarify, child, (place["x"], place["y"], place["dx"] - gap, place["dy"] - gap), depth + 1)


def _shown(node: Node, area: float) -> list[Node]:
    """The children that are large enough, and one for all others."""
    least = _LEAST_AREA * node.bytes / area
    shown = [child for child in node.children if child.bytes >= least]
    small = node.children[len(shown) :]
    if len(small) == 1:
        return node.children
    if small:
        marks: Counter[str] = Counter()
        for child in small:
            marks.update(child.marks)
        files = sum(child.files for child in small)
        name = counted(files, "smaller file")
        path = f"{node.path.rstrip('/')}/ ({name})"
        shown.append(Node(f"({name})", path, sum(child.bytes for child in small), files, marks))
        shown.sort(key=lambda child: -child.bytes)
    return shown


def _fitted(name: str, room: int) -> str:
    name = printable(name)
    if _length(name) <= room:
        return name
    while name and _length(name) > room - 1:
        name = name[:-1]
    return f"{name}…" if len(name) >= 4 else ""


def _length(text: str) -> int:
    return len(text) if text.isascii() else sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
