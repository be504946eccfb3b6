"""One run in at most three lines, as ``pulumi up`` ends with them.

Decides the words. A run in which nothing was done gets no line.
"""

from __future__ import annotations

from typing import Final

from fast_container.core.records.record import BuildRecord, seconds
from fast_container.core.spelling import counted
from fast_container.report.critical_path import critical_path
from fast_container.report.runs import Run
from fast_container.report.step_figures import costs_nothing

_WORTH_SAYING_S: Final = 1.0
_TEXT_WIDTH: Final = 60


def run_lines(run: Run, more: str = "") -> list[str]:
    """The lines of a run.

    Args:
        run: The run.
        more: Where to read more: a command, or the place of a page.
    """
    if all(record.outcome == "unchanged" for record in run.records):
        return []
    return [_counts(run), *_slowest(run), *([f"more: {more}"] if more else [])]


def _counts(run: Run) -> str:
    counts = run.counts()
    parts = [
        f"{counts[outcome]} {outcome}"
        for outcome in ("failed", "built", "copied", "reused", "unchanged")
        if counts.get(outcome)
    ]
    of_images = counted(len(run.records), "image")
    return f"{of_images} in {seconds(run.duration_s)}: {', '.join(parts)}{_lost(run)}"


def _lost(run: Run) -> str:
    waited_s = critical_path(run.records).waited_s
    return f"; {seconds(waited_s)} of waiting for places" if waited_s >= _WORTH_SAYING_S else ""


def _slowest(run: Run) -> list[str]:
    slowest = max(run.built, key=lambda record: record.duration_s, default=None)
    if slowest is None:
        return []
    line = f"slowest: {slowest.name}, {seconds(slowest.duration_s)}"
    step = max(
        (one for one in slowest.timeline if not costs_nothing(one)), key=lambda one: one.duration_s, default=None
    )
    if step is not None and step.duration_s >= _WORTH_SAYING_S:
        line += f", {seconds(step.duration_s)} of it in {shortened(step.text)}"
    elif (phase := longest_phase(slowest)) and phase[1] >= _WORTH_SAYING_S:
        line += f", {seconds(phase[1])} of it {phase[0]}"
    return [line]


def longest_phase(record: BuildRecord) -> tuple[str, float] | None:
    """The phase that took longest, waiting left out, and its seconds."""
    phases = [(name, spent_s) for name, spent_s in record.phases.items() if name not in ("waiting", "queued")]
    longest = max(phases, key=lambda one: one[1])
    return (longest[0].replace("_", " "), longest[1]) if longest[1] else None


def shortened(text: str) -> str:
    """An instruction in at most sixty characters."""
    return text if len(text) <= _TEXT_WIDTH else text[: _TEXT_WIDTH - 1].rstrip() + "…"
