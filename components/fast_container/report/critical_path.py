"""The builds that a run had to wait for, one after the other.

Decides the path from the end: the image that was ready last; before it, if it waited for a place, the build whose end
gave it that place; and so on. What shortens one of them shortens the run, what shortens another build does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.records.record import BuildRecord

# A place is given on at once; more than that apart, and it was another's.
_AT_ONCE_S: Final = 1.0
_WORTH_SAYING_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The path of one run.

    Attributes:
        records: From the first to begin to the last to end.
        waited_s: Seconds that the images on it, and all others, waited for places.
    """

    records: tuple[BuildRecord, ...]
    waited_s: float


def critical_path(records: Sequence[BuildRecord]) -> CriticalPath:
    """Find the path among a run's records."""
    worked = [record for record in records if record.outcome in ("built", "copied", "failed")]
    waited_s = sum(record.phases.waiting for record in worked)
    path: list[BuildRecord] = []
    current = max(worked, key=lambda record: record.ended, default=None)
    while current is not None:
        path.append(current)
        current = _gave_place_to(current, [record for record in worked if record not in path])
    return CriticalPath(tuple(reversed(path)), waited_s)


def _gave_place_to(record: BuildRecord, others: Sequence[BuildRecord]) -> BuildRecord | None:
    """The build whose end let this one begin; None if it did not wait."""
    if record.waited_s < _WORTH_SAYING_S:
        return None
    began = record.started + record.waited_s
    before = [other for other in others if other.ended <= began + _AT_ONCE_S]
    return max(before, key=lambda other: other.ended, default=None)
