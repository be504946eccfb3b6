"""Bytes that an image ships and does not show, and the efficiency score that dive made known.

Decides the score by dive's formula, so that both tools name one number: the smallest size of each path, of all sizes of
each path, over all layers. Only leaves of a layer's tree count, a whiteout as an empty file; so a deleted directory
does not lower the score, as dive 0.13.1 prints it. The wasted bytes are exact instead: what later layers replace or
delete. Source: github.com/wagoodman/dive v0.13.1, dive/filetree/efficiency.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.core.layers.contents import ImageFiles
from fast_container.core.layers.entry import DIRECTORY, OPAQUE, WHITEOUT
from fast_container.core.layers.file_kinds import IS_WHITEOUT
from fast_container.core.layers.listing import Listing


def wasted_bytes(files: ImageFiles) -> int:
    """Unpacked bytes that ship and are not shown."""
    return files.merged.hidden_bytes


def efficiency(files: ImageFiles) -> float:
    """Compute dive's score, between 0 and 1.

    A path of one layer alone counts with its size on both sides, so only those of several layers are looked at.
    """
    listings = [layer.listing for layer in files.layers]
    total = sum(_total(listing) for listing in listings)
    seen: set[str] = set()
    several: set[str] = set()
    for listing in listings:
        paths = listing.index.keys() | {path for path in _whiteouts(listing) if path}
        several |= seen & paths
        seen |= paths
    wasted = 0
    for path in several:
        sizes = [size for listing in listings for size in _leaf_sizes(listing, path)]
        wasted += sum(sizes) - min(sizes, default=0)
    return (total - wasted) / total if total else 1.0


def _total(listing: Listing) -> int:
    """Content of all files of a layer; of a path that is there twice the last one counts, as in dive's tree."""
    if len(listing.index) + len(listing.of_kind(IS_WHITEOUT)) == len(listing):
        return listing.unpacked_bytes
    return sum(listing.sizes[at] for at in listing.index.values())


def _leaf_sizes(listing: Listing, path: str) -> Iterator[int]:
    at = listing.index.get(path)
    if at is not None and (listing.types[at] != DIRECTORY or not listing.below(path)):
        yield listing.sizes[at]
    if path in _whiteouts(listing):
        yield 0


def _whiteouts(listing: Listing) -> frozenset[str]:
    """The paths that a layer deletes."""
    found: set[str] = set()
    for at in listing.of_kind(IS_WHITEOUT):
        folder, slash, name = listing.paths[at].rpartition("/")
        if name != OPAQUE and not name.startswith(WHITEOUT * 2):
            found.add(f"{folder}{slash}{name[len(WHITEOUT) :]}")
    return frozenset(found)
