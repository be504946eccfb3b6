"""Bytes that an image ships and does not show, and the efficiency score that dive made known.

Decides the score by dive's formula, so that both tools name one number: the smallest size of each path, of all sizes of
each path, over all layers. Only leaves of a layer's tree count, a whiteout as an empty file; so a deleted directory
does not lower the score, as dive 0.13.1 prints it. The wasted bytes are exact instead: what later layers replace or
delete. Source: github.com/wagoodman/dive v0.13.1, dive/filetree/efficiency.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.core.layers.contents import ImageFiles
from fast_container.core.layers.entry import WHITEOUT


def wasted_bytes(files: ImageFiles) -> int:
    """Unpacked bytes that ship and are not shown."""
    return sum(one.placed.entry.size for one in files.merged.hidden)


def efficiency(files: ImageFiles) -> float:
    """Compute dive's score, between 0 and 1."""
    smallest: dict[str, int] = {}
    total = 0
    for layer in files.layers:
        entries = layer.listing.entries
        sizes = {entry.path: entry.size for entry in entries if not _name(entry.path).startswith(WHITEOUT * 2)}
        folders = {folder for path in sizes for folder in _above(path)}
        for path, size in sizes.items():
            if path in folders or not path:
                continue
            is_whiteout = _name(path).startswith(WHITEOUT)
            name, counted = (_without_mark(path), 0) if is_whiteout else (path, size)
            total += counted
            smallest[name] = min(smallest.get(name, counted), counted)
    return sum(smallest.values()) / total if total else 1.0


def _above(path: str) -> Iterator[str]:
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _without_mark(path: str) -> str:
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name[len(WHITEOUT) :]}"
