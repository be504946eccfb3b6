"""Cold and warm starts of Lambda functions, from the REPORT lines of their logs.

Decides the patterns: Lambda has no metric for the seconds of an init, but a line for each invocation, and that of a
cold start has three fields more. A metric of a log line has no dimension of ours, so the function's name is part of the
metric's. Leaves where metrics are drawn to ``dashboard``.

A line of plain words, by tabs and spaces (aws: "Understanding Lambda function logs")::

    REPORT RequestId: 8f5 Duration: 12.3 ms Billed Duration: 155 ms Memory Size: 128 MB Max Memory Used: 66 MB Init
    Duration: 142.4 ms

With X-Ray it has further fields at its end, so that a warm one is found only if logs are in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import pulumi

from fast_container.report.metric_documents import NAMESPACE

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

Tags = Mapping[str, pulumi.Input[str]] | None
LogFormat: TypeAlias = Literal["text", "json"]

_LINE: Final = (
    'kind="REPORT", id_label="RequestId:", id, d1="Duration:", duration, d2="ms", b1="Billed", b2="Duration:", billed,'
    ' b3="ms", s1="Memory", s2="Size:", size, s3="MB", m1="Max", m2="Memory", m3="Used:", used, m4="MB"'
)
_INIT: Final = 'i1="Init", i2="Duration:", init, i3="ms", ...'
_REPORT: Final = '$.type = "platform.report"'
_FIELD: Final = "$.record.metrics"
PATTERNS: Final[Mapping[LogFormat, Mapping[str, str]]] = {
    "text": {"Cold": f"[{_LINE}, {_INIT}]", "Warm": f"[{_LINE}]"},
    "json": {
        "Cold": f"{{ {_REPORT} && {_FIELD}.initDurationMs = * }}",
        "Warm": f"{{ {_REPORT} && {_FIELD}.initDurationMs NOT EXISTS && {_FIELD}.durationMs = * }}",
    },
}


@dataclass(frozen=True, slots=True)
class FunctionMetric:
    """One metric of a function.

    Attributes:
        start: ``Cold`` or ``Warm``.
        text: Its field in a line of plain words.
        json: Its field in a JSON line.
        unit: CloudWatch's unit.
    """

    start: str
    text: str
    json: str
    unit: str


FUNCTION_METRICS: Final[Mapping[str, FunctionMetric]] = {
    "InitDuration": FunctionMetric("Cold", "$init", f"{_FIELD}.initDurationMs", "Milliseconds"),
    "ColdDuration": FunctionMetric("Cold", "$duration", f"{_FIELD}.durationMs", "Milliseconds"),
    "WarmDuration": FunctionMetric("Warm", "$duration", f"{_FIELD}.durationMs", "Milliseconds"),
    "ColdMaxMemoryUsed": FunctionMetric("Cold", "$used", f"{_FIELD}.maxMemoryUsedMB", "Megabytes"),
    "WarmMaxMemoryUsed": FunctionMetric("Warm", "$used", f"{_FIELD}.maxMemoryUsedMB", "Megabytes"),
}


def function_namespace(stack: str) -> str:
    """The namespace of the metrics of a stack's functions."""
    return f"{NAMESPACE}/{stack}"


def function_metric_name(function: str, metric: str) -> str:
    """``api.InitDuration``."""
    return f"{function}.{metric}"


def watch_function(
    name: str,
    function: str,
    given: Any,
    log_format: LogFormat,
    retention_days: int,
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> None:
    """Make the metrics of one function.

    Args:
        name: Start of the resources' names.
        function: The name of the function in metrics.
        given: The function, whose log group is made; or its log group, or that one's name.
        log_format: Of a log group; a function says its own.
        retention_days: Of a log group that is made.
        tags: AWS tags.
        opts: Resource options.
    """
    start = f"{name}-{function}"
    patterns: dict[str, pulumi.Input[str]] = dict(PATTERNS[log_format])
    is_json: pulumi.Input[bool] = log_format == "json"
    group: pulumi.Input[str] = given
    if isinstance(given, aws.cloudwatch.LogGroup):
        group = given.name
    elif isinstance(given, aws.lambda_.Function):
        is_json = given.logging_config.apply(_is_json)
        patterns = {kind: _chosen(is_json, PATTERNS["json"][kind], text) for kind, text in PATTERNS["text"].items()}
        group = aws.cloudwatch.LogGroup(
            f"{start}-logs",
            name=given.name.apply("/aws/lambda/{}".format),
            retention_in_days=retention_days,
            tags=tags,
            opts=opts,
        ).name
    # The others after the first, so that a log group that does not exist is one error.
    after = opts
    for metric, of in FUNCTION_METRICS.items():
        made = aws.cloudwatch.LogMetricFilter(
            f"{start}-{metric}",
            log_group_name=group,
            pattern=patterns[of.start],
            metric_transformation={
                "name": function_metric_name(function, metric),
                "namespace": function_namespace(f"{pulumi.get_project()}/{pulumi.get_stack()}"),
                "value": _chosen(is_json, of.json, of.text),
                "unit": of.unit,
            },
            opts=after,
        )
        if after is opts:
            after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[made]))


def _is_json(config: Any) -> bool:
    # A dictionary, or nothing, in a unit test with mocks.
    is_plain = isinstance(config, dict)
    found = cast("Mapping[str, object]", config).get("log_format") if is_plain else getattr(config, "log_format", None)
    return found == "JSON"


def _chosen(is_json: pulumi.Input[bool], in_json: str, in_text: str) -> pulumi.Input[str]:
    if isinstance(is_json, bool):
        return in_json if is_json else in_text
    return pulumi.Output.from_input(is_json).apply(lambda found: in_json if found else in_text)
