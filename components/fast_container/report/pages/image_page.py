"""The page of ``fast-container image --html``: what is in an image, and what grew.

Decides which parts the page has and how many rows of what is long. Leaves numbers to ``breakdown``, the boxes to
``report.pages.treemap`` and the words to the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.breakdown.comparison import Comparison, PackageChange
from fast_container.breakdown.image import Breakdown
from fast_container.report.pages.environment import fill
from fast_container.report.pages.file_tree import Node, file_tree
from fast_container.report.pages.treemap import treemap

_WIDE: Final = (1200.0, 640.0)
_NARROW: Final = (380.0, 640.0)
_ROWS: Final = 12
_MOST_ROWS: Final = 400
_LEAST_OF_LIST: Final = 0.004
_CHANGES: Final = 25
_DEEPEST: Final = 24


@dataclass(frozen=True, slots=True)
class Change:
    """A row of what changed."""

    name: str
    note: str
    growth_bytes: int
    before_bytes: int
    after_bytes: int


def image_page(one: Breakdown, both: Comparison | None = None) -> str:
    """Make the page.

    Args:
        one: The image.
        both: It and the one that it is compared with.

    Raises:
        LocalSystemError: The extra for pages is not installed.
    """
    root = file_tree(one, both.before.sizes if both else None)
    return fill(
        "image.html",
        one=one,
        both=both,
        changes=_changes(both) if both else [],
        maps=[(name, size, treemap(root, *size)) for name, size in (("wide", _WIDE), ("narrow", _NARROW))],
        marks=_LEGEND_OF_CHANGE if both else _LEGEND,
        root=root,
        least_bytes=_LEAST_OF_LIST * root.bytes,
        rows=_ROWS,
        most_rows=_MOST_ROWS,
        deepest=_DEEPEST,
        depth_opened=_opened,
    )


_LEGEND: Final = (("python", "Python distributions"), ("system", "packages of the system"), ("other", "neither"))
_LEGEND_OF_CHANGE: Final = (("new", "new"), ("larger", "larger"), ("smaller", "smaller"), ("same", "as before"))


def _opened(node: Node, whole: int) -> bool:
    """Whether the list shows what is in a directory from the start."""
    return node.bytes >= 0.2 * whole


def _changes(both: Comparison) -> list[tuple[str, list[Change]]]:
    layers = [
        Change(
            one.instruction,
            _note(one.before, one.after),
            one.growth_bytes,
            one.before.unpacked_bytes if one.before else 0,
            one.after.unpacked_bytes if one.after else 0,
        )
        for one in both.layers
    ]
    folders = [
        Change(f"/{one.path}{' (the rest)' if one.is_rest else ''}", "", one.growth_bytes, one.before_bytes, one.bytes)
        for one in both.directories
    ]
    named = (
        ("instruction", layers),
        ("directory", folders),
        ("Python distribution", _packages(both.distributions)),
        ("package of the system", _packages(both.packages)),
    )
    return [(title, rows[:_CHANGES]) for title, rows in named if rows]


def _packages(changes: Sequence[PackageChange]) -> list[Change]:
    return [
        Change(
            f"{one.name} {' → '.join(dict.fromkeys(s.package.version for s in (one.before, one.after) if s))}",
            _note(one.before, one.after),
            one.growth_bytes,
            one.before.bytes if one.before else 0,
            one.after.bytes if one.after else 0,
        )
        for one in changes
    ]


def _note(before: object, after: object) -> str:
    return "new" if before is None else "gone" if after is None else ""
