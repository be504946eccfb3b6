"""Steps across images and runs: which take the time, which come out of the cache.

Decides that a step is the same step where stage, number and text are, in whatever image: a shared step that is slow is
slow once in the list, with the images that have it. Leaves showing them to the forms of a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun


@dataclass(slots=True)
class StepFigures:
    """One step.

    Attributes:
        stage: Its stage.
        text: Its instruction.
        images: Names of the images that have it.
        seconds: Of each time that it ran.
        cached: How often it came out of the cache.
    """

    stage: str
    text: str
    images: set[str] = field(default_factory=set[str])
    seconds: list[float] = field(default_factory=list[float])
    cached: int = 0

    @property
    def total_s(self) -> float:
        """Seconds of all its runs."""
        return sum(self.seconds)

    @property
    def median_s(self) -> float:
        """Seconds of a usual run; 0 if it never ran."""
        return median(self.seconds) if self.seconds else 0.0

    @property
    def hit_rate(self) -> float:
        """Share of the builds in which it came out of the cache."""
        return self.cached / max(self.cached + len(self.seconds), 1)


def step_figures(records: Iterable[BuildRecord]) -> list[StepFigures]:
    """The steps of all builds, the one that took most time first."""
    found: dict[tuple[str, int, str], StepFigures] = {}
    for record in records:
        for step in record.timeline:
            of = found.setdefault((step.stage, step.number, step.text), StepFigures(step.stage, step.text))
            of.images.add(record.name)
            if costs_nothing(step):
                of.cached += 1
            else:
                of.seconds.append(step.duration_s)
    return sorted(found.values(), key=lambda one: (-one.total_s, one.stage, one.text))


def costs_nothing(step: StepRun) -> bool:
    """Whether a step came out of the cache; a FROM does if nothing was fetched."""
    return step.cached or (step.text.startswith("FROM ") and not step.transferred_bytes)


def hit_rate(records: Iterable[BuildRecord]) -> float | None:
    """Share of the steps of all builds that came out of the cache; None without a build."""
    steps = cached = 0
    for record in records:
        steps += record.steps
        cached += record.steps_cached
    return cached / steps if steps else None
