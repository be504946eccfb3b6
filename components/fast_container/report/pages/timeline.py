"""One run as bars in time: which images were built beside one another, and what the run waited for.

Decides what a bar is made of (waiting for a place, preparing, building, pushing, checking), which bars are drawn when
there are many, and how many builds went on at each moment. Leaves the path that the run waited for to
``report.critical_path``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fast_container.core.records.record import BuildRecord, seconds
from fast_container.report.critical_path import CriticalPath, critical_path
from fast_container.report.runs import Run

_DRAWN: Final = 40
_COLUMNS: Final = 240
_LEAST_WIDTH: Final = 0.3
_WORKED: Final = ("built", "copied", "failed")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar.

    Attributes:
        kind: ``lost``, ``prepare``, ``build``, ``push``, ``check`` or ``rest``.
        left: Where it begins, in percent of the run.
        width: Its length, likewise.
    """

    kind: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """The bar of an image.

    Attributes:
        record: Its record.
        segments: The parts.
        is_critical: The run waited for it.
        said: The bar in words.
    """

    record: BuildRecord
    segments: tuple[Segment, ...]
    is_critical: bool
    said: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A number over the time of a run.

    Attributes:
        points: Of a polygon in a field of 1000 by 100.
        most: The largest number.
    """

    points: str
    most: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A run as bars.

    Attributes:
        run: The run.
        path: The builds that it waited for.
        rows: The bars that are drawn, by their beginnings.
        more: How many images were worked on that are not drawn.
        going: How many builds went on.
        waiting: How many waited for a place.
    """

    run: Run
    path: CriticalPath
    rows: tuple[Row, ...]
    more: int
    going: Outline
    waiting: Outline


def timeline(run: Run) -> Timeline:
    """Arrange a run."""
    path = critical_path(run.records)
    critical = {id(record) for record in path.records}
    worked = [record for record in run.records if record.outcome in _WORKED]
    chosen = sorted(worked, key=lambda one: (id(one) not in critical, -(one.waited_s + one.duration_s)))[:_DRAWN]
    drawn = {id(record) for record in chosen}
    rows = [_row(record, run, is_critical=id(record) in critical) for record in worked if id(record) in drawn]
    begun = [record.started + record.waited_s for record in worked]
    going = _outline(run, zip(begun, (record.ended for record in worked), strict=True))
    waiting = _outline(run, zip((record.started for record in worked), begun, strict=True))
    return Timeline(run, path, tuple(rows), len(worked) - len(rows), going, waiting)


def _row(record: BuildRecord, run: Run, *, is_critical: bool) -> Row:
    whole = run.duration_s or 1.0
    at = record.started - run.started
    said = [f"begins after {seconds(at)}"]
    segments: list[Segment] = []
    for kind, spent_s in _parts(record, _LEAST_WIDTH / 100 * whole):
        segments.append(Segment(kind, 100 * at / whole, max(100 * spent_s / whole, _LEAST_WIDTH)))
        at += spent_s
    if record.waited_s:
        said.append(f"waits {seconds(record.waited_s)} for a place")
    said.append(f"takes {seconds(record.duration_s)}")
    if is_critical:
        said.append("the run waits for it")
    return Row(record, tuple(segments), is_critical, ", ".join(said))


def _parts(record: BuildRecord, least_s: float) -> Iterator[tuple[str, float]]:
    """Yield the parts of a bar that can be seen, in their order; what is between the phases comes last."""
    if record.waited_s >= least_s:
        yield "lost", record.waited_s
    phases = record.phases
    before_s = phases.looking_up + phases.copying + phases.staging + phases.uploading + phases.provisioning
    parts = (
        ("prepare", before_s),
        ("build", phases.building),
        ("push", phases.exporting + phases.pushing + phases.exporting_cache),
        ("check", phases.checking + phases.tagging),
    )
    left_s = record.duration_s
    if left_s < 2 * least_s:
        yield "build", left_s
        return
    for kind, spent_s in parts:
        # Phases that overlap never make a bar longer than its build.
        shown_s = min(spent_s, left_s)
        if shown_s >= least_s:
            left_s -= shown_s
            yield kind, shown_s
    if left_s >= least_s:
        yield "rest", left_s


def _outline(run: Run, spans: Iterable[tuple[float, float]]) -> Outline:
    """Count how many spans there are at each moment of a run."""
    columns = [0] * _COLUMNS
    whole = run.duration_s or 1.0
    for begin, end in spans:
        first, last = (round(_COLUMNS * (moment - run.started) / whole) for moment in (begin, end))
        for at in range(max(first, 0), min(last, _COLUMNS)):
            columns[at] += 1
    most = max(columns)
    points, high = ["0,100"], "100"
    for at, count in enumerate(columns):
        now = f"{100 - 100 * count / max(most, 1):.0f}"
        if now != high:
            points += [f"{1000 * at / _COLUMNS:.0f},{high}", f"{1000 * at / _COLUMNS:.0f},{now}"]
            high = now
    return Outline(" ".join([*points, f"1000,{high}", "1000,100"]), most)
