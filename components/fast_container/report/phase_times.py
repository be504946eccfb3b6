"""When each phase of an image's way began and ended.

Decides how seconds become times: a record has how long a phase took, and when all began and ended. The phases before
the steps follow the beginning, the steps and what comes after them lead to the end, so that time which no phase has (a
machine of CodeBuild that starts) lies before the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun

_FROM_BEGINNING: Final = ("looking_up", "copying", "waiting", "uploading", "queued", "provisioning", "staging")
_TO_END: Final = ("building", "exporting", "pushing", "exporting_cache", "checking", "tagging")


@dataclass(frozen=True, slots=True)
class TimedPhase:
    """A phase that happened: its name, and its ends in seconds since the epoch."""

    name: str
    started: float
    ended: float


def timed_phases(record: BuildRecord) -> list[TimedPhase]:
    """Return the phases in the order in which they happened."""
    spent_s = {name: seconds for name, seconds in record.phases.items() if seconds > 0}
    first: list[TimedPhase] = []
    reached = record.started
    for name in _FROM_BEGINNING:
        if name in spent_s:
            first.append(TimedPhase(name, reached, min(reached + spent_s[name], record.ended)))
            reached = first[-1].ended
    last: list[TimedPhase] = []
    before = record.ended
    for name in reversed(_TO_END):
        if name in spent_s:
            last.append(TimedPhase(name, max(before - spent_s[name], record.started), before))
            before = last[-1].started
    return [*first, *reversed(last)]


def step_times(record: BuildRecord, step: StepRun) -> tuple[float, float]:
    """Return when a step began and ended, in seconds since the epoch; within the record's own time."""
    phases = timed_phases(record)
    begin = next((phase.started for phase in phases if phase.name == "building"), record.started + record.waited_s)
    started = min(begin + step.started_s, record.ended)
    return started, min(started + step.duration_s, record.ended)
