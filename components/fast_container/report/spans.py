"""A run as OpenTelemetry spans: the update, its images, their builds with their phases, and BuildKit's steps.

Decides names and attributes. Where OpenTelemetry's semantic conventions have a name (``cicd``, ``vcs``, ``container``,
``oci``), it is used: an update is a run of a pipeline, an image a task of it. An image that is unchanged is a number
among the update's attributes. Leaves sending them to ``adapters.otlp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fast_container.core.key import tag_of
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.span import Attribute, Span
from fast_container.core.records.steps import StepRun
from fast_container.printable import printable
from fast_container.report.phase_times import TimedPhase, step_times, timed_phases
from fast_container.report.run_lines import shortened
from fast_container.report.runs import Run

_OF_A_BUILD: Final = (
    *("uploading", "queued", "provisioning", "staging"),
    *("building", "exporting", "pushing", "exporting_cache"),
)


def spans_of(run: Run, started: float, ended: float) -> Span:
    """Return the span of an update, with all others in it.

    Args:
        run: What it did.
        started: When the update began, in seconds since the epoch.
        ended: When it ended.
    """
    origin = run.origin
    told: dict[str, Attribute] = {
        "cicd.pipeline.name": origin.stack,
        "cicd.pipeline.action.name": "RUN",
        "cicd.pipeline.run.id": origin.run,
        "cicd.pipeline.run.url.full": origin.ci_run if origin.ci_run.startswith("http") else "",
        "cicd.pipeline.result": "failure" if run.of("failed") else "success",
        "vcs.ref.head.name": origin.branch,
        "vcs.ref.head.revision": origin.commit,
        "fast_container.ci": origin.ci,
        "fast_container.dirty": origin.dirty,
    }
    counts: dict[str, Attribute] = {f"fast_container.images.{name}": count for name, count in run.counts().items()}
    images = [_image(record) for record in run.records if record.outcome != "unchanged"]
    ends = max((ended, *(image.ended for image in images)))
    name = f"pulumi up {printable(origin.stack)}".rstrip()
    return Span(name, min((started, *(image.started for image in images))), ends, _told(told | counts), tuple(images))


def _image(record: BuildRecord) -> Span:
    told: dict[str, Attribute] = {
        "cicd.pipeline.task.name": record.name,
        "cicd.pipeline.task.type": "build",
        "cicd.pipeline.task.run.result": {"failed": "failure", "built": "success"}.get(record.outcome, "skip"),
        "container.image.name": record.repository_url,
        "container.image.tags": (tag_of(record.key),) if record.digest else (),
        "oci.manifest.digest": record.digest,
        "error.type": "build_failed" if record.outcome == "failed" else "",
        "fast_container.outcome": record.outcome,
        "fast_container.reason": record.reason,
        "fast_container.build_key": record.key,
        "fast_container.executor": record.executor,
        "fast_container.builder": record.builder,
        "fast_container.platform": record.platform,
        "fast_container.copied_from": record.copied_from,
        "fast_container.image_bytes": record.image_bytes,
        "fast_container.pushed_bytes": record.pushed_bytes,
        "fast_container.uploaded_bytes": record.uploaded_bytes,
        "fast_container.steps": record.steps,
        "fast_container.steps_cached": record.steps_cached,
    }
    phases = timed_phases(record)
    of_build = [phase for phase in phases if phase.name in _OF_A_BUILD]
    spans = [_phase(phase) for phase in phases if phase.name not in _OF_A_BUILD]
    if of_build and record.outcome == "built":
        spans.append(_build(record, of_build))
    failure = (record.reason or record.summary()) if record.outcome == "failed" else ""
    inside = tuple(sorted(spans, key=lambda span: span.started))
    return Span(f"image {printable(record.name)}", record.started, record.ended, _told(told), inside, failure)


def _build(record: BuildRecord, phases: Sequence[TimedPhase]) -> Span:
    steps = tuple(_step(record, step) for step in record.timeline)
    inside = tuple(_phase(phase, steps if phase.name == "building" else ()) for phase in phases)
    if not any(phase.name == "building" for phase in phases):
        inside += steps
    started, ended = min(span.started for span in inside), max(span.ended for span in inside)
    told: dict[str, Attribute] = {"fast_container.executor": record.executor, "fast_container.builder": record.builder}
    return Span(f"build {printable(record.name)}", started, ended, _told(told), inside)


def _phase(phase: TimedPhase, inside: tuple[Span, ...] = ()) -> Span:
    ends = max((phase.ended, *(span.ended for span in inside)))
    return Span(phase.name.replace("_", " "), phase.started, ends, {"fast_container.phase": phase.name}, inside)


def _step(record: BuildRecord, step: StepRun) -> Span:
    told: dict[str, Attribute] = {
        "fast_container.step.text": step.text,
        "fast_container.step.stage": step.stage,
        "fast_container.step.number": step.number,
        "fast_container.step.cached": step.cached,
        "fast_container.step.transferred_bytes": step.transferred_bytes,
    }
    return Span(shortened(printable(step.text)), *step_times(record, step), _told(told))


def _told(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    """Leave out what is empty; strings are made printable, since viewers differ in what they escape."""
    kept = {name: value for name, value in attributes.items() if value not in ("", ())}
    return {name: printable(value) if isinstance(value, str) else value for name, value in kept.items()}
