"""``aws:cloudwatch/logMetricFilter:LogMetricFilter``. Its id is its name; its log group must exist."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_NAMES = {
    "name": "metricName",
    "namespace": "metricNamespace",
    "value": "metricValue",
    "defaultValue": "defaultValue",
    "dimensions": "dimensions",
    "unit": "unit",
}


def _create(aws: Aws, inputs: Values) -> str:
    logs = aws.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=inputs["logGroupName"])["logGroups"]
    # The emulator takes a filter of any group.
    if not any(group["logGroupName"] == inputs["logGroupName"] for group in groups):
        raise PluginError("PutMetricFilter: ResourceNotFoundException: The specified log group does not exist.")
    given = inputs["metricTransformation"]
    transformation: dict[str, Any] = {
        theirs: given[ours] for ours, theirs in _NAMES.items() if given.get(ours) is not None
    }
    logs.put_metric_filter(
        logGroupName=inputs["logGroupName"],
        filterName=inputs["name"],
        filterPattern=inputs["pattern"],
        metricTransformations=[transformation],
    )
    return inputs["name"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    found = aws.client("logs").describe_metric_filters(
        logGroupName=prior["logGroupName"], filterNamePrefix=resource_id
    )["metricFilters"]
    one = next((one for one in found if one["filterName"] == resource_id), None)
    if one is None:
        return None
    transformation = one["metricTransformations"][0]
    return {
        "name": resource_id,
        "logGroupName": one["logGroupName"],
        "pattern": one["filterPattern"],
        "metricTransformation": {ours: transformation.get(theirs) for ours, theirs in _NAMES.items()},
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    # The emulator would keep both.
    _delete(aws, resource_id, old)
    _create(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("logs").delete_metric_filter(logGroupName=state["logGroupName"], filterName=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    inputs={
        "logGroupName": Property(required=True, replaces=True, pattern=r"[A-Za-z0-9\-_/.#]{1,512}"),
        "metricTransformation": Property(
            kind="object",
            required=True,
            fields={
                "name": Property(required=True, pattern=r"[^:*$]{1,255}"),
                "namespace": Property(required=True, pattern=r"[A-Za-z0-9.\-_/#:]{1,255}"),
                "value": Property(required=True, maximum=100),
                "defaultValue": Property(),
                "dimensions": Property(kind="map", maximum=3),
                "unit": Property(default="None"),
            },
        ),
        "name": Property(replaces=True, pattern=r"[^:*]{1,512}"),
        "pattern": Property(required=True, maximum=1024),
    },
    outputs=(),
    autoname=Autoname(),
    unsupported=frozenset({"applyOnTransformedLogs"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
