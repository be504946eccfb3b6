"""V05: bytes that ship and are not shown, and the efficiency score that dive made known.

Decides when they are worth a finding. Leaves both numbers to ``core.layers.efficiency``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageChecks
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.efficiency import efficiency, wasted_bytes

_LOWEST: Final = 0.95
_LEAST_BYTES: Final = 1_000_000


def check_efficiency(image: ImageContents, files: ImageFiles, _: ImageChecks) -> Iterator[Found]:
    """Find bytes that are replaced or deleted by later layers."""
    wasted = wasted_bytes(files)
    if wasted < _LEAST_BYTES:
        return
    score = efficiency(files)
    if score < _LOWEST or wasted > (1 - _LOWEST) * files.unpacked_bytes:
        largest = max((one.placed for one in files.merged.hidden), key=lambda placed: placed.entry.size)
        yield Found(
            place_of(files, largest),
            f"Later layers replace or delete files that still ship; the efficiency is {score * 100:.1f} %.",
            "every layer ships whole, whatever a later one hides; chmod and chown copy files",
            "Delete in the RUN that creates; use COPY --chmod and --chown.",
            wasted,
        )
