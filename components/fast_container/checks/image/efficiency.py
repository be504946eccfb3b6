"""V05: bytes that ship and are not shown, and the efficiency score that dive made known.

Decides when they are worth a finding, and that a file that is replaced by one of the same size and time is
taken for a copy that ``chmod`` or ``chown`` made. Leaves both numbers to ``core.layers.efficiency``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found, is_of_base, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.efficiency import efficiency, wasted_bytes
from fast_container.core.layers.entry import FILE
from fast_container.core.layers.merged import Placed
from fast_container.core.spelling import megabytes

_LOWEST: Final = 0.95
_LEAST_BYTES: Final = 1_000_000


def check_efficiency(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find bytes that are replaced or deleted by later layers; those that a base hides of its own apart."""
    wasted = wasted_bytes(files)
    if wasted < _LEAST_BYTES:
        return
    score = efficiency(files)
    if score >= _LOWEST and wasted <= (1 - _LOWEST) * files.unpacked_bytes:
        return
    copies = list(_copies(files, f"the efficiency is {score * 100:.1f} %", settings))
    yield from copies
    for origin in (False, True):
        hidden = [one.placed for one in files.merged.hidden if is_of_base(files, one.by, settings) == origin]
        rest = sum(placed.entry.size for placed in hidden)
        rest -= sum(copy.estimate_bytes or 0 for copy in copies if copy.is_of_base == origin)
        if rest >= _LEAST_BYTES:
            yield Found(
                place_of(files, max(hidden, key=lambda placed: placed.entry.size)),
                f"Later layers replace or delete files that still ship; the efficiency is {score * 100:.1f} %.",
                "every layer ships whole, whatever a later one hides",
                "Delete in the RUN that creates; build in a stage of its own, and copy only what runs.",
                rest,
                is_of_base=origin,
            )


def _copies(files: ImageFiles, score: str, settings: ImageRequirements) -> Iterator[Found]:
    """Find copies that differ in mode or owner alone, by the layer that made them."""
    by_layer: dict[int, list[Placed]] = defaultdict(list)
    for hidden in files.merged.hidden:
        if hidden.is_removed or hidden.placed.entry.kind != FILE:
            continue
        listing = files.layers[hidden.by].listing
        before, after = hidden.placed.entry, listing.entry(listing.index[hidden.placed.entry.path])
        is_same = (before.size, before.mtime, FILE) == (after.size, after.mtime, after.kind)
        if is_same and (before.mode, before.uid, before.gid) != (after.mode, after.uid, after.gid):
            by_layer[hidden.by].append(Placed(hidden.by, after))
    for by, copies in by_layer.items():
        size = sum(placed.entry.size for placed in copies)
        if size >= _LEAST_BYTES:
            largest = max(copies, key=lambda placed: placed.entry.size)
            more = f" and {len(copies) - 1} more" if len(copies) > 1 else ""
            yield Found(
                place_of(files, largest) + more,
                f"A chmod or chown copied {megabytes(size)} of files that a layer below has; {score}.",
                "a layer holds whole files, whatever of them changed",
                "Use COPY --chmod and --chown, or change them in the RUN that creates them.",
                size,
                is_of_base=is_of_base(files, by, settings),
            )
