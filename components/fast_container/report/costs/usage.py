"""What was used in a period, as its records say: builds, minutes, bytes, waiting, and builds that need not run.

Decides what is counted and what is not known. A reused or copied image is a build that was needed and did not run: its
seconds are those of the same key's build, else the median of the image's builds. Unchanged images do not count:
nothing asked for those. Leaves prices and words to ``period_costs``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from fast_container.core.records.record import BuildRecord
from fast_container.report.costs.machines import MachineMinutes, machine_minutes
from fast_container.report.costs.stored import Stored, stored
from fast_container.report.runs import runs_of
from fast_container.report.step_figures import costs_nothing

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time, in seconds since the epoch; ``end`` is not in it."""

    begin: float
    end: float

    @property
    def days(self) -> float:
        """Its length."""
        return (self.end - self.begin) / DAY_S


@dataclass(frozen=True, slots=True)
class Spared:
    """Work that was needed and did not run.

    Attributes:
        seconds: Of those whose usual seconds are known.
        known: How many those are.
        unknown: How many others there are.
    """

    seconds: float = 0.0
    known: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """A period.

    Attributes:
        period: As far as there are records: it does not begin before the first of them.
        runs: How many ``pulumi up`` there were, those of CI included.
        ci_runs: How many of them were a CI system's.
        people_s: Seconds that the others took for images, from the first image's beginning to the last one's end.
        ci_s: Those of CI.
        outcomes: Outcome → how many images.
        stored: Bytes in repositories.
        machines: Minutes on CodeBuild.
        pushed_bytes: Compressed bytes that builds and copies sent to repositories.
        not_run: Builds that a repository's image made unnecessary.
        cached: Steps of builds that came out of a cache.
        export_s: Seconds in which caches were exported.
    """

    period: Period
    runs: int
    ci_runs: int
    people_s: float
    ci_s: float
    outcomes: Mapping[str, int]
    stored: Stored
    machines: MachineMinutes
    pushed_bytes: int
    not_run: Spared
    cached: Spared
    export_s: float

    @property
    def built(self) -> int:
        """How many images were built."""
        return self.outcomes.get("built", 0)


def usage_of(period: Period, known: Sequence[BuildRecord]) -> Usage:
    """Count what was used.

    Args:
        period: The span that is asked for.
        known: All records that there are, the oldest first.
    """
    first = min((record.started for record in known), default=period.begin)
    period = Period(min(max(period.begin, first), period.end), period.end)
    records = [record for record in known if period.begin <= record.started < period.end]
    runs = runs_of(records)
    people = [run for run in runs if not run.origin.ci]
    ci = [run for run in runs if run.origin.ci]
    worked = ("built", "copied", "failed")
    return Usage(
        period=period,
        runs=len(runs),
        ci_runs=len(ci),
        people_s=sum(run.duration_s for run in people if any(run.of(outcome) for outcome in worked)),
        ci_s=sum(run.duration_s for run in ci if any(run.of(outcome) for outcome in worked)),
        outcomes=Counter(record.outcome for record in records),
        stored=stored(records, known),
        machines=machine_minutes(records),
        pushed_bytes=sum(record.pushed_bytes for record in records if record.outcome in ("built", "copied")),
        not_run=_not_run(records, known),
        cached=_cached(records, known),
        export_s=sum(record.phases.exporting_cache for record in records),
    )


def _not_run(records: Iterable[BuildRecord], known: Iterable[BuildRecord]) -> Spared:
    of_key: dict[str, float] = {}
    of_image: dict[tuple[str, str], list[float]] = {}
    for record in known:
        if record.outcome == "built":
            of_key[record.key] = record.duration_s
            of_image.setdefault((record.name, record.platform), []).append(record.duration_s)
    seconds: list[float | None] = []
    for record in records:
        if record.outcome in ("reused", "copied"):
            usual = of_image.get((record.name, record.platform))
            seconds.append(of_key.get(record.key, median(usual) if usual else None))
    return _spared(seconds)


def _cached(records: Iterable[BuildRecord], known: Iterable[BuildRecord]) -> Spared:
    ran: dict[tuple[str, int, str], list[float]] = {}
    for record in known:
        for step in record.timeline:
            if not costs_nothing(step):
                ran.setdefault((step.stage, step.number, step.text), []).append(step.duration_s)
    usual = {step: median(seconds) for step, seconds in ran.items()}
    return _spared(
        usual.get((step.stage, step.number, step.text))
        for record in records
        for step in record.timeline
        if step.cached and not step.text.startswith("FROM ")
    )


def _spared(seconds: Iterable[float | None]) -> Spared:
    found = list(seconds)
    known = [one for one in found if one is not None]
    return Spared(sum(known), len(known), len(found) - len(known))
