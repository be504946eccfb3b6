"""What the cache of one build took and saved, from its record and from earlier ones.

Decides which cached steps an import brought: on a machine that ran the same step itself before, its own BuildKit had
it, unless something was fetched for a cached step; a machine on CodeBuild, or one of another CI run, has nothing of its
own. A step is worth the seconds of the last time that it ran. What it takes to fetch layers of the cache is not taken
off: the base's layers are among them, and those are fetched in any case. Leaves the decision to
``core.caches.exports``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from fast_container.core.records.cache_export import SAMPLES_KEPT, CacheExport, ExportSample, key_start
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun

_Step = tuple[str, str]
_FROM: Final = "FROM "


def with_savings(
    record: BuildRecord, decision: CacheExport, here: Sequence[BuildRecord], others: Sequence[BuildRecord] = ()
) -> BuildRecord:
    """A built image's record with what its cached steps are worth, and with its own sample.

    Args:
        record: Of the build that is done.
        decision: That it was built with.
        here: Records of the image's earlier builds on this machine, the oldest first.
        others: Those of other machines.
    """
    usual = usual_seconds([*others, *here])
    timeline = tuple(
        replace(step, usual_s=round(usual.get(_step(step), 0.0), 3)) if step.cached else step
        for step in record.timeline
    )
    complete = replace(record, timeline=timeline)
    sample = _sample(complete, decision, here)
    samples = (*decision.samples, sample)[-SAMPLES_KEPT:]
    return replace(complete, cache_export=replace(decision, samples=samples))


def usual_seconds(records: Iterable[BuildRecord]) -> dict[_Step, float]:
    """Step → seconds of the last time that it ran; the records are in their order."""
    seconds: dict[_Step, float] = {}
    for record in records:
        for step in record.timeline:
            if step.cached and not step.usual_s:
                continue
            seconds[_step(step)] = step.usual_s if step.cached else step.duration_s
    return seconds


def _sample(record: BuildRecord, decision: CacheExport, here: Sequence[BuildRecord]) -> ExportSample:
    stages = list(dict.fromkeys(step.stage for step in record.timeline))
    exported_s = sum(one.duration_s for one in record.caches if one.kind == "export")
    imports = [one for one in record.caches if one.kind == "import"]
    sample = ExportSample(
        started=round(record.started, 3),
        key=key_start(record.key),
        mode=decision.mode,
        exported_s=round(exported_s, 3),
        stages=len(stages),
    )
    if not any(not one.failed for one in imports):
        return sample
    spent_s = sum(one.duration_s for one in imports)
    brought = _brought(record, here)
    result = _result_stage(record.timeline)
    saved = sum(step.usual_s for step in brought)
    of_result = sum(step.usual_s for step in brought if step.stage == result)
    return replace(
        sample,
        saved_s=round(max(saved - spent_s, 0.0), 3),
        result_saved_s=round(max(of_result - spent_s, 0.0), 3),
    )


def _brought(record: BuildRecord, here: Sequence[BuildRecord]) -> list[StepRun]:
    """The cached steps that an import brought."""
    cached = [step for step in record.timeline if step.cached and not step.text.startswith(_FROM)]
    if record.executor == "codebuild" or any(step.transferred_bytes for step in cached):
        return cached
    run_of = record.origin.ci, record.origin.ci_run
    own = {
        _step(step)
        for one in here
        if one.executor == record.executor and one.builder == record.builder
        if (one.origin.ci, one.origin.ci_run) == run_of
        for step in one.timeline
        if not step.cached
    }
    return [step for step in cached if _step(step) not in own]


def _result_stage(timeline: Sequence[StepRun]) -> str:
    """The stage of the image itself: that of the step that began last; BuildKit names its last step first."""
    last = max(timeline, key=lambda step: step.started_s, default=None)
    return last.stage if last else ""


def _step(step: StepRun) -> _Step:
    return step.stage, step.text
