"""The stand-in's reading of log events: documents in the embedded metric format, and metric filters."""

from __future__ import annotations

import json

import pytest

from fast_container.metrics.functions import FUNCTION_METRICS, PATTERNS
from localcloud.log_metrics import Datum, embedded, filtered

WARM = (
    "REPORT RequestId: 8f5\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 66 MB\t\n"
)
COLD = WARM.rstrip() + "\tInit Duration: 142.44 ms\t\n"
TRACED = COLD.rstrip() + "\tXRAY TraceId: 1-5 SegmentId: 6 Sampled: true\n"


def report(**metrics: float) -> str:
    return json.dumps({"time": "2026", "type": "platform.report", "record": {"requestId": "8f5", "metrics": metrics}})


JSON_WARM = report(durationMs=12.34, billedDurationMs=13, memorySizeMB=128, maxMemoryUsedMB=66)
JSON_COLD = report(durationMs=12.34, billedDurationMs=155, memorySizeMB=128, maxMemoryUsedMB=66, initDurationMs=142.44)
START = json.dumps({"type": "platform.start", "record": {"requestId": "8f5"}})
COLD_METRICS = {"InitDuration": 142.44, "ColdDuration": 12.34, "ColdMaxMemoryUsed": 66}
WARM_METRICS = {"WarmDuration": 12.34, "WarmMaxMemoryUsed": 66}


@pytest.mark.parametrize(
    ("log_format", "line", "found"),
    [
        ("text", WARM, WARM_METRICS),
        ("text", COLD, COLD_METRICS),
        ("text", TRACED, COLD_METRICS),
        ("text", "START RequestId: 8f5 Version: $LATEST", {}),
        ("json", JSON_WARM, WARM_METRICS),
        ("json", JSON_COLD, COLD_METRICS),
        ("json", START, {}),
        ("json", WARM, {}),
        ("text", JSON_COLD, {}),
    ],
)
def test_a_cold_start_and_a_warm_one_are_told_apart(log_format: str, line: str, found: dict[str, float]) -> None:
    made: dict[str, float] = {}
    for metric, of in FUNCTION_METRICS.items():
        value = of.json if log_format == "json" else of.text
        transformation = {"metricName": metric, "metricNamespace": "F", "metricValue": value, "unit": of.unit}
        datum = filtered(PATTERNS[log_format][of.start], transformation, line)
        if datum is not None:
            made[metric] = datum.value
    assert made == found


def test_a_pattern_is_short_enough_for_cloudwatch() -> None:
    assert max(len(pattern) for patterns in PATTERNS.values() for pattern in patterns.values()) <= 1024


def test_a_document_has_a_data_point_for_each_metric_and_set_of_dimensions() -> None:
    directive = {"Namespace": "N", "Dimensions": [["A"], ["A", "B"]], "Metrics": [{"Name": "M", "Unit": "Bytes"}]}
    document = {"_aws": {"Timestamp": 5, "CloudWatchMetrics": [directive]}, "A": "a", "B": "b", "M": 7}
    assert list(embedded(json.dumps(document))) == [
        Datum("N", "M", 7.0, "Bytes", (("A", "a"),), 5),
        Datum("N", "M", 7.0, "Bytes", (("A", "a"), ("B", "b")), 5),
    ]


@pytest.mark.parametrize(
    "message", ["", "{}", "[1]", '{"_aws": {}}', '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": 3}}']
)
def test_another_event_has_none(message: str) -> None:
    assert list(embedded(message)) == []
