"""``aws:cloudwatch/metricAlarm:MetricAlarm``: an alarm on one metric. Its id is its name."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_NAMES = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
_COMPARISONS = (
    *("GreaterThanOrEqualToThreshold", "GreaterThanThreshold"),
    *("LessThanThreshold", "LessThanOrEqualToThreshold"),
)


def _put(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {theirs: inputs[ours] for ours, theirs in _NAMES.items() if inputs.get(ours) is not None}
    request["Dimensions"] = [{"Name": name, "Value": value} for name, value in (inputs.get("dimensions") or {}).items()]
    if inputs.get("tagsAll"):
        request["Tags"] = tagging.as_list(inputs["tagsAll"])
    aws.client("cloudwatch").put_metric_alarm(AlarmName=inputs["name"], **request)
    return inputs["name"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    cloudwatch = aws.client("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNames=[resource_id])["MetricAlarms"]
    if not found:
        return None
    alarm = found[0]
    return {
        **{ours: alarm.get(theirs) for ours, theirs in _NAMES.items()},
        "name": resource_id,
        "arn": alarm["AlarmArn"],
        "dimensions": {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])},
        "tagsAll": tagging.as_map(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    cloudwatch = aws.client("cloudwatch")
    _put(aws, new)
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        cloudwatch.untag_resource(ResourceARN=old["arn"], TagKeys=to_remove)
    if to_set:
        cloudwatch.tag_resource(ResourceARN=old["arn"], Tags=tagging.as_list(to_set))


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("cloudwatch").delete_alarms(AlarmNames=[resource_id])


RESOURCE_TYPE = ResourceType(
    token="aws:cloudwatch/metricAlarm:MetricAlarm",
    inputs={
        "actionsEnabled": Property(kind="boolean", default=True),
        "alarmActions": Property(kind="set", maximum=5),
        "alarmDescription": Property(maximum=1024),
        "comparisonOperator": Property(required=True, choices=_COMPARISONS),
        "datapointsToAlarm": Property(kind="integer", minimum=1),
        "dimensions": Property(kind="map"),
        "evaluationPeriods": Property(kind="integer", required=True, minimum=1),
        "insufficientDataActions": Property(kind="set", maximum=5),
        "metricName": Property(required=True, maximum=255),
        "name": Property(replaces=True, maximum=255),
        "namespace": Property(required=True, pattern=r"[^:].{0,254}"),
        "okActions": Property(kind="set", maximum=5),
        "period": Property(kind="integer", required=True, minimum=10),
        "statistic": Property(required=True, choices=_STATISTICS),
        "threshold": Property(kind="number", required=True),
        "treatMissingData": Property(default="missing", choices=("breaching", "ignore", "missing", "notBreaching")),
        "unit": Property(),
    },
    outputs=("arn",),
    tagged=True,
    autoname=Autoname(),
    unsupported=frozenset(
        {
            *("evaluateLowSampleCountPercentiles", "evaluationCriteria", "evaluationInterval", "evaluationWindow"),
            *("extendedStatistic", "metricQueries", "thresholdMetricId", "warmUpConfiguration"),
        }
    ),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFound"}),
)
