"""The log group of the metrics, on moto: streams are made when they are written to, and what is missing is said."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fast_container.adapters.records.metric_log import MetricLog
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import RegistryError

GROUP = "/fast-container/shop/prod/metrics"
ACCESS = AwsAccess(access_key="test", secret_key="test")


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LOGS"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.client("logs", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


def events(*texts: str) -> list[dict[str, Any]]:
    # CloudWatch refuses what is older than two weeks.
    return [{"timestamp": 4_000_000_000_000 + number, "message": text} for number, text in enumerate(texts)]


def test_a_stream_is_made_when_it_is_first_written_to_and_read_from_its_end(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    log = MetricLog(ACCESS, {}, GROUP, "eu-west-1")
    assert log.newest("builds") == []
    now = [{**event, "timestamp": 1_000 * round(time.time())} for event in events("a", "b")]
    log.put("builds", now)
    log.put("builds", now)
    log.put("runs", now)
    assert log.newest("builds") == ["a", "b", "a", "b"]
    assert [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=GROUP)["logStreams"]] == [
        "builds",
        "runs",
    ]


def test_a_group_that_is_gone_is_said_with_what_to_do(logs: Any) -> None:
    with pytest.raises(RegistryError, match="does not exist") as caught:
        MetricLog(ACCESS, {}, GROUP, "eu-west-1").put("builds", events("a"))
    assert "pulumi refresh" in caught.value.next_step


def test_events_that_cloudwatch_does_not_take_are_said(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    log = MetricLog(ACCESS, {}, GROUP, "eu-west-1")
    with pytest.raises(RegistryError, match="not all") as caught:
        log.put("builds", [{"timestamp": 1, "message": json.dumps({})}])
    assert "tooOld" in caught.value.why
