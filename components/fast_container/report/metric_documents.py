"""The records of a run as CloudWatch metrics: documents in the embedded metric format.

Decides the metrics, their dimensions, and how many there can be. A stack has one set of metrics and each image another;
commit, digest and run are properties, which are searched and cost nothing, never dimensions. A document holds what is
named here and nothing else: no step, no reason, no argument of a build, which others have written. Leaves their
batches to ``metric_batches`` and what has got worse to ``metric_history``.

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.report.metric_history import LONGEST, PastBuild, dimension_value, ran_of, worsened
from fast_container.report.runs import Run

NAMESPACE: Final = "FastContainer"
STACK: Final = "Stack"
IMAGE: Final = "Image"
# A search in a dashboard finds at most so many series, and each image with metrics of its own costs money.
MOST_IMAGES: Final = 500
Detail = Literal["image", "stack"]
Stream = Literal["builds", "runs"]
"""``builds`` has the images that were built, from which later runs take what is usual; ``runs`` has all others."""

_OUTCOMES: Final[Mapping[str, str]] = {
    "built": "Built",
    "failed": "Failed",
    "reused": "Reused",
    "copied": "Reused",
    "unchanged": "Unchanged",
}
PHASES: Final[Mapping[str, tuple[str, ...]]] = {
    "WaitSeconds": ("waiting", "queued"),
    "PrepareSeconds": ("looking_up", "copying", "staging", "uploading"),
    "BuildSeconds": ("building", "exporting"),
    "PushSeconds": ("pushing", "exporting_cache"),
    "CheckSeconds": ("checking", "tagging"),
}
Values = dict[str, float]


@dataclass(frozen=True, slots=True)
class MetricDocument:
    """One log event.

    Attributes:
        stream: The log stream that it belongs into.
        timestamp_ms: Milliseconds since the epoch.
        text: One JSON object.
    """

    stream: Stream
    timestamp_ms: int
    text: str


def metric_documents(
    run: Run, sent: float, history: Sequence[PastBuild] = (), detail: Detail = "image"
) -> list[MetricDocument]:
    """Write down a run.

    Args:
        run: Its records.
        sent: Now, in seconds since the epoch. All data points have this time: an alarm does not look at what comes
            later than it looked, and a build may have ended half an hour before its run.
        history: Earlier builds of the stack's images, the oldest first.
        detail: ``stack`` gives no image metrics of its own.
    """
    return [*image_documents(run, run.records, sent, history, detail), run_document(run, sent)]


def image_documents(
    run: Run, records: Sequence[BuildRecord], sent: float, history: Sequence[PastBuild] = (), detail: Detail = "image"
) -> list[MetricDocument]:
    """Write down some images of a run; otherwise as ``metric_documents``."""
    names = sorted({record.name for record in run.records})
    own = set(names[:MOST_IMAGES]) if detail == "image" else set[str]()
    found: list[MetricDocument] = []
    unchanged = 0
    for record in records:
        if record.outcome == "unchanged" and record.name not in own:
            unchanged += 1
        else:
            found.append(_of_image(record, sent, history, has_own=record.name in own))
    # Images without metrics of their own that are unchanged are one count.
    if unchanged:
        values = Values(Unchanged=unchanged)
        found.append(_document("runs", sent, [[STACK]], run.origin.stack, values, _origin(run.records[-1])))
    return found


def run_document(run: Run, sent: float) -> MetricDocument:
    """Write down the run itself."""
    values = Values(Runs=1)
    if any(record.outcome != "unchanged" for record in run.records):
        values["RunSeconds"] = run.duration_s
    properties = {"Outcomes": dict(run.counts()), **_origin(run.records[-1])}
    return _document("runs", sent, [[STACK]], run.origin.stack, values, properties)


def _of_image(record: BuildRecord, sent: float, history: Sequence[PastBuild], *, has_own: bool) -> MetricDocument:
    values = dict[str, float]({_OUTCOMES[record.outcome]: 1})
    if record.outcome in ("built", "copied"):
        values |= _sizes_and_seconds(record)
    if record.outcome == "built":
        values |= dict.fromkeys(worsened(history, PastBuild.of(record)), 1)
    dimensions = [[STACK], [STACK, IMAGE]] if has_own else [[STACK]]
    properties = {IMAGE: dimension_value(record.name), **_properties(record)}
    stream: Stream = "builds" if record.outcome in ("built", "failed") else "runs"
    return _document(stream, sent, dimensions, record.origin.stack, values, properties)


def _sizes_and_seconds(record: BuildRecord) -> Values:
    phases = dict(record.phases.items())
    values = {metric: sum(phases[name] for name in names) for metric, names in PHASES.items()}
    # A phase that did not happen has no data point: a mean over builds would be drawn down by it.
    values = {metric: seconds for metric, seconds in values.items() if seconds}
    values["DurationSeconds"] = record.duration_s
    if record.image_bytes:
        values["ImageBytes"] = record.image_bytes
    values["PushedBytes"] = record.pushed_bytes
    if record.uploaded_bytes:
        values["UploadedBytes"] = record.uploaded_bytes
    if record.steps:
        values["CacheHitRate"] = 100 * record.steps_cached / record.steps
    return values


def _properties(record: BuildRecord) -> dict[str, Any]:
    told = {
        "Outcome": record.outcome,
        "Repository": record.repository_url,
        "Platform": record.platform,
        "Executor": record.executor,
        "Digest": record.digest,
        "Key": record.key,
        "Ended": datetime.fromtimestamp(record.ended, UTC).isoformat(timespec="seconds"),
    }
    properties: dict[str, Any] = {name: value[:LONGEST] for name, value in told.items() if value}
    if record.outcome == "built":
        properties |= {"Steps": record.steps, "StepsCached": record.steps_cached, "Ran": ran_of(record)}
    if record.phases != PhaseSeconds():
        properties["Phases"] = {name: round(seconds, 3) for name, seconds in record.phases.items() if seconds}
    return {**properties, **_origin(record)}


def _origin(record: BuildRecord) -> dict[str, str]:
    origin = record.origin
    told = {
        "Run": origin.run,
        "Ci": origin.ci,
        "CiRun": origin.ci_run,
        "Commit": origin.commit,
        "Branch": origin.branch,
        "Dirty": origin.dirty,
    }
    return {name: value[:LONGEST] for name, value in told.items() if value}


def _document(
    stream: Stream,
    sent: float,
    dimensions: list[list[str]],
    stack: str,
    values: Values,
    properties: Mapping[str, Any],
) -> MetricDocument:
    timestamp_ms = round(sent * 1000)
    metrics = [{"Name": name, "Unit": _unit(name)} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
    document = {
        "_aws": {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]},
        STACK: dimension_value(stack),
        **properties,
        **{name: round(value, 3) for name, value in values.items()},
    }
    return MetricDocument(stream, timestamp_ms, json.dumps(document, separators=(",", ":")))


def _unit(metric: str) -> str:
    ends = {"Seconds": "Seconds", "Bytes": "Bytes", "Rate": "Percent"}
    return next((unit for end, unit in ends.items() if metric.endswith(end)), "Count")
