"""The dashboard of a stack: what was built, where the time went, sizes, caches, what failed, and starts of functions.

Decides the widgets. Images are found by a search, so that a dashboard has those of yesterday and of tomorrow and its
text does not change with them. Leaves the metrics to ``report.metric_documents`` and ``functions``.

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fast_container.metrics.functions import function_metric_name, function_namespace
from fast_container.report.metric_documents import IMAGE, NAMESPACE, PHASES, STACK, Detail

_WIDTH: Final = 24
_HEIGHT: Final = 6
_HOUR_S: Final = 3600
_COLOURS: Final = {"Failed": "#d62728", "Built": "#1f77b4", "Reused": "#2ca02c", "Unchanged": "#c7c7c7"}
_FAILED: Final = (
    "SOURCE '{group}' | fields @timestamp, Image, Commit, Branch, CiRun | filter Outcome = \"failed\""
    " | sort @timestamp desc | limit 20"
)


def dashboard(
    stack: str,
    region: str,
    log_group: str,
    alarm_arns: Sequence[str] = (),
    functions: Sequence[str] = (),
    detail: Detail = "image",
) -> dict[str, Any]:
    """Make the body of a dashboard.

    Args:
        stack: ``project/stack``.
        region: Of the metrics.
        log_group: The log group of the stack's metrics.
        alarm_arns: Its alarms.
        functions: Names of the functions with metrics.
        detail: Whether images have metrics of their own.
    """
    rows = [
        [
            _metrics(
                "What happened to the images",
                [_of_stack(stack, name, {"color": colour}) for name, colour in _COLOURS.items()],
                {"view": "timeSeries", "stacked": True, "stat": "Sum"},
            ),
            _metrics(
                "Where the seconds of builds went",
                [_of_stack(stack, name) for name in PHASES],
                {"view": "timeSeries", "stacked": True, "stat": "Sum"},
            ),
        ],
        [
            _series("Seconds of a build", "DurationSeconds", "Average", stack, detail),
            _series("Size of an image", "ImageBytes", "Maximum", stack, detail),
        ],
        [
            _series("Steps out of the cache, in percent", "CacheHitRate", "Average", stack, detail, most=100),
            _metrics(
                "Bytes pushed and uploaded",
                [_of_stack(stack, name) for name in ("PushedBytes", "UploadedBytes")],
                {"view": "timeSeries", "stat": "Sum"},
            ),
        ],
    ]
    last: list[dict[str, Any]] = [
        {"type": "log", "properties": {"title": "Builds that failed", "query": _FAILED.format(group=log_group)}}
    ]
    if alarm_arns:
        last.append({"type": "alarm", "properties": {"title": "Alarms", "alarms": list(alarm_arns)}})
    rows += [last, *(_of_function(stack, function) for function in functions)]
    return {"widgets": [widget for row, widgets in enumerate(rows) for widget in _placed(row, widgets, region)]}


def _placed(row: int, widgets: Sequence[dict[str, Any]], region: str) -> list[dict[str, Any]]:
    width = _WIDTH // len(widgets)
    found: list[dict[str, Any]] = []
    for column, widget in enumerate(widgets):
        place = {"x": column * width, "y": row * _HEIGHT, "width": width, "height": _HEIGHT}
        where = {} if widget["type"] == "alarm" else {"region": region}
        found.append({"type": widget["type"], **place, "properties": {**widget["properties"], **where}})
    return found


def _metrics(title: str, metrics: Sequence[Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "metric",
        "properties": {"title": title, "metrics": list(metrics), "period": _HOUR_S, **properties},
    }


def _of_stack(stack: str, metric: str, shown: Mapping[str, Any] | None = None) -> list[Any]:
    return [NAMESPACE, metric, STACK, stack, *([dict(shown)] if shown else [])]


def _series(
    title: str, metric: str, statistic: str, stack: str, detail: Detail, most: int | None = None
) -> dict[str, Any]:
    """A line for each image, or one for the stack."""
    found = f'{{{NAMESPACE},{STACK},{IMAGE}}} {STACK}="{stack}" MetricName="{metric}"'
    search = {"expression": f"SEARCH('{found}', '{statistic}', {_HOUR_S})", "id": "images"}
    lines: list[Any] = [[search]] if detail == "image" else [_of_stack(stack, metric)]
    axis = {"min": 0} if most is None else {"min": 0, "max": most}
    return _metrics(title, lines, {"view": "timeSeries", "stat": statistic, "yAxis": {"left": axis}})


def _of_function(stack: str, function: str) -> list[dict[str, Any]]:
    def line(metric: str, statistic: str) -> list[Any]:
        name = function_metric_name(function, metric)
        return [function_namespace(stack), name, {"stat": statistic, "label": f"{metric} {statistic}"}]

    shown = {"view": "timeSeries"}
    cold = [line("InitDuration", "p50"), line("InitDuration", "p99"), line("InitDuration", "SampleCount")]
    cold[-1][-1]["yAxis"] = "right"
    durations = [line("ColdDuration", "p50"), line("WarmDuration", "p50"), line("WarmDuration", "p99")]
    memory = [line("ColdMaxMemoryUsed", "Maximum"), line("WarmMaxMemoryUsed", "Maximum")]
    return [
        _metrics(f"{function}: cold starts, ms", cold, shown),
        _metrics(f"{function}: invocations, ms", durations, shown),
        _metrics(f"{function}: memory, MB", memory, shown),
    ]
