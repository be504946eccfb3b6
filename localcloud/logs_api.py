"""CloudWatch Logs, whose events become metrics, and alarms that go off: moto keeps all three and joins none of them.

Decides that events are data points before ``PutLogEvents`` has answered, and that an alarm on the sum of a metric is
looked at with each data point: it goes off at once and tells its topics, as AWS does within minutes, and never goes
back by itself. Leaves what is in an event to :mod:`localcloud.log_metrics` and everything else to moto.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterable
from typing import Any

from localcloud.aws_api import ApiError, ApiRequest, ApiResponse
from localcloud.log_metrics import Datum, embedded, filtered
from localcloud.state import ACCOUNT_ID

_MOST_EVENTS = 10_000
_MOST_BYTES = 1_048_576
_EVENT_BYTES = 26


class LogsApi:
    """The handlers of CloudWatch Logs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Take log events; leave every other call to moto."""
        if request.operation != "PutLogEvents":
            return None
        asked = request.json()
        events: list[dict[str, Any]] = asked.get("logEvents") or []
        _refuse_too_much(events)
        response = request.forward(None)
        if response.status == 200:
            with self._lock:
                self._extract(request.region, str(asked["logGroupName"]), events)
        return response

    def _extract(self, region: str, group: str, events: Iterable[dict[str, Any]]) -> None:
        from moto.cloudwatch.models import cloudwatch_backends  # noqa: PLC0415
        from moto.logs.models import logs_backends  # noqa: PLC0415

        cloudwatch: Any = cloudwatch_backends[ACCOUNT_ID][region]
        filters: Any = logs_backends[ACCOUNT_ID][region].filters.get_matching_filters(log_group_name=group)
        for event in events:
            found = list(embedded(event["message"]))
            for one in filters:
                datum = filtered(one["filterPattern"], one["metricTransformations"][0], event["message"])
                found += [datum] if datum is not None else []
            for datum in found:
                _put(cloudwatch, datum, int(event["timestamp"]))
                _look_at_alarms(cloudwatch, region, datum)


def _refuse_too_much(events: list[dict[str, Any]]) -> None:
    size = sum(len(str(event["message"]).encode()) + _EVENT_BYTES for event in events)
    if len(events) > _MOST_EVENTS or size > _MOST_BYTES:
        raise ApiError("InvalidParameterException", "Upload too large: at most 10000 events and 1048576 bytes")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise ApiError(
            "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order."
        )


def _put(cloudwatch: Any, datum: Datum, event_ms: int) -> None:
    when = datetime.datetime.fromtimestamp((datum.timestamp_ms or event_ms) / 1000, datetime.UTC)
    value = {
        "MetricName": datum.name,
        "Value": datum.value,
        "Unit": datum.unit,
        "Timestamp": when.replace(tzinfo=None),
        "Dimensions": _named(datum),
    }
    cloudwatch.put_metric_data(datum.namespace, [value])


def _named(datum: Datum) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in datum.dimensions]


def _look_at_alarms(cloudwatch: Any, region: str, datum: Datum) -> None:
    wanted = sorted(datum.dimensions)
    for alarm in list(cloudwatch.alarms.values()):
        its = sorted((one.name, one.value) for one in alarm.dimensions)
        if (alarm.namespace, alarm.metric_name, its) != (datum.namespace, datum.name, wanted):
            continue
        if alarm.statistic != "Sum" or alarm.comparison_operator != "GreaterThanOrEqualToThreshold":
            continue
        if datum.value >= float(alarm.threshold) and alarm.state_value != "ALARM":
            reason = f"Threshold Crossed: 1 datapoint [{datum.value}] was greater than or equal to the threshold"
            cloudwatch.set_alarm_state(alarm.name, reason, "{}", "ALARM")
            if alarm.actions_enabled:
                _tell(region, alarm, reason)


def _tell(region: str, alarm: Any, reason: str) -> None:
    from moto.sns.models import sns_backends  # noqa: PLC0415

    topics: Any = sns_backends[ACCOUNT_ID][region]
    for arn in alarm.alarm_actions:
        topics.publish(f"{alarm.description} {reason}", arn=arn, subject=f'ALARM: "{alarm.name}"')
