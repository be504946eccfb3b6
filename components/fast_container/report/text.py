"""Runs as plain text, for a terminal.

Decides what is shown: each run with its images, then, over all runs, the slowest steps, the caches, and what has got
worse. Leaves the figures to the modules beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from fast_container.core.records.record import BuildRecord, seconds
from fast_container.core.spelling import counted, megabytes
from fast_container.printable import printable
from fast_container.report.critical_path import critical_path
from fast_container.report.regressions import Regression, regressions
from fast_container.report.run_lines import shortened
from fast_container.report.runs import Run
from fast_container.report.step_figures import hit_rate, step_figures

_STEPS_SHOWN: Final = 8


def report_text(runs: Sequence[Run], zone: tzinfo | None = None) -> str:
    """The report of some runs.

    Args:
        runs: The oldest first.
        zone: The time zone of what is printed; the machine's by default.
    """
    if not runs:
        return "No builds are recorded.\n"
    lines: list[str] = []
    for run in runs:
        lines += [*_run(run, zone), ""]
    records = [record for run in runs for record in run.records]
    lines += [*_steps(records), *_caches(records), *_worse(regressions(records))]
    return "\n".join(lines).rstrip() + "\n"


def _run(run: Run, zone: tzinfo | None) -> list[str]:
    origin = run.origin
    about = " · ".join(
        printable(part)
        for part in (
            origin.stack,
            origin.branch,
            origin.commit[:12],
            origin.ci,
            "changed files" * (origin.dirty == "yes"),
        )
        if part
    )
    lines = [f"{when(run.started, zone)}  {about}".rstrip()]
    path = critical_path(run.records)
    names = {id(record) for record in path.records}
    shown = [record for record in run.records if record.outcome != "unchanged"]
    width = max((len(printable(record.name)) for record in shown), default=0)
    for record in shown:
        mark = "*" if id(record) in names and len(shown) > 1 else " "
        lines.append(f" {mark} {printable(record.name):{width}}  {record.summary()}")
        if record.reason and record.outcome != "reused":
            lines.append(f"   {'':{width}}  {printable(record.reason)}")
    unchanged = len(run.of("unchanged"))
    if unchanged:
        lines.append(f"   {counted(unchanged, 'image')} unchanged")
    total = f"   {seconds(run.duration_s)} in all"
    if path.waited_s >= 1:
        total += f", {seconds(path.waited_s)} of waiting for places"
    return [*lines, total]


def _steps(records: Sequence[BuildRecord]) -> list[str]:
    shown = [one for one in step_figures(records) if one.total_s >= 0.1][:_STEPS_SHOWN]
    if not shown:
        return []
    lines = ["Slowest steps", f"  {'total':>8}  {'median':>8}  {'cached':>6}  step"]
    for one in shown:
        images = sorted(one.images)
        whose = printable(images[0]) if len(images) == 1 else counted(len(images), "image")
        lines.append(
            f"  {seconds(one.total_s):>8}  {seconds(one.median_s):>8}  {one.hit_rate:>6.0%}"
            f"  {printable(shortened(one.text))} ({whose})"
        )
    return [*lines, ""]


def _caches(records: Sequence[BuildRecord]) -> list[str]:
    rate = hit_rate(records)
    lines = [] if rate is None else [f"{rate:.0%} of all steps came out of the cache"]
    for kind, verb in (("import", "imported"), ("export", "exported")):
        transfers = [one for record in records for one in record.caches if one.kind == kind and not one.failed]
        if transfers:
            spent_s = sum(one.duration_s for one in transfers)
            lines.append(f"caches {verb} {counted(len(transfers), 'time')}, {seconds(spent_s)} in all")
    pushed = sum(record.pushed_bytes for record in records)
    return [*lines, f"{megabytes(pushed)} pushed", ""] if lines else []


def _worse(found: Sequence[Regression]) -> list[str]:
    return [f"Worse: {sentence(one)}" for one in found]


def sentence(one: Regression) -> str:
    """``api is built in 41 s instead of 33 s (24 % more)``."""
    if one.measure == "seconds":
        change = f"is built in {seconds(one.now)} instead of {seconds(one.before)}"
    else:
        change = f"has {megabytes(round(one.now))} instead of {megabytes(round(one.before))}"
    return f"{printable(one.image)} {change} ({one.growth:.0%} more)"


def when(started: float, zone: tzinfo | None) -> str:
    """``2026-11-27 14:03``."""
    return datetime.fromtimestamp(started, zone).astimezone(zone).strftime("%Y-%m-%d %H:%M")
