"""Runs in Chrome's trace format, which Perfetto and ``chrome://tracing`` draw.

Decides that a run is a process, an image a thread, a build and each of its phases and steps an event with its own
time (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, complete events ``X``, in
microseconds).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from fast_container.core.records.record import BuildRecord
from fast_container.report.phase_times import step_times, timed_phases
from fast_container.report.runs import Run


def report_trace(runs: Sequence[Run]) -> str:
    """A JSON document."""
    events: list[dict[str, Any]] = []
    for process, run in enumerate(runs, start=1):
        events.append(_name("process_name", process, 0, run.origin.stack or f"run {run.id}"))
        for thread, record in enumerate((one for one in run.records if one.outcome != "unchanged"), start=1):
            events.append(_name("thread_name", process, thread, record.name))
            events += _events(record, process, thread)
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})


def _events(record: BuildRecord, process: int, thread: int) -> Iterable[dict[str, Any]]:
    begin = record.started + record.waited_s
    details = {"outcome": record.outcome, "reason": record.reason, "key": record.key, "digest": record.digest}
    yield _event(record.name, begin, record.duration_s, process, thread, details)
    for phase in timed_phases(record):
        yield _event(phase.name.replace("_", " "), phase.started, phase.ended - phase.started, process, thread)
    for step in record.timeline:
        if step.duration_s:
            started, ended = step_times(record, step)
            yield _event(step.text, started, ended - started, process, thread, {"stage": step.stage})


def _event(
    name: str, began: float, duration_s: float, process: int, thread: int, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    times = {"ts": round(began * 1e6), "dur": round(duration_s * 1e6)}
    return {"name": name, "ph": "X", **times, "pid": process, "tid": thread, "args": details or {}}


def _name(kind: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}
