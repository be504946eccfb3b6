"""Sending a run's metrics: never fails, never holds up, one line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord
from fast_container.errors import AuthError, RegistryError
from fast_container.metrics.sender import MetricSender
from fast_container.report.metric_documents import metric_documents
from fast_container.report.runs import Run

API = BuildRecord(
    *("api", "host/shop", "k" * 64, "sha256:d", "built", 1_795_000_000.0, 40.0),
    image_bytes=60_000_000,
    origin=Origin(run="a1", stack="shop/prod"),
)
RUN = Run("a1", (API,))


class Log:
    """A log group in memory."""

    def __init__(self, *, read: Exception | None = None, write: Exception | None = None, history: tuple[str, ...] = ()):
        self.events: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self._read, self._write, self._history = read, write, history

    def newest(self, stream: str) -> list[str]:
        self.asked.append(stream)
        if self._read:
            raise self._read
        return list(self._history)

    def put(self, stream: str, events: list[dict[str, Any]]) -> None:
        if self._write:
            raise self._write
        self.events.setdefault(stream, []).extend(event["message"] for event in events)


def sent(open_log: Callable[[], Any], run: Run = RUN, most_s: float = 5.0) -> str:
    sender = MetricSender("image", most_s)
    sender.open(open_log)
    sender.begin(run)
    return sender.end()


def test_a_run_is_sent() -> None:
    log = Log()
    assert sent(lambda: log) == ""
    assert {stream: len(events) for stream, events in log.events.items()} == {"builds": 1, "runs": 1}


def test_a_run_that_is_told_twice_is_sent_once() -> None:
    """First when an image has failed, then at the end."""
    log, sender = Log(), MetricSender("image")
    sender.open(lambda: log)
    failed = _with(API, name="worker", outcome="failed")
    sender.begin(Run("a", (API, failed)))
    assert sender.end() == ""
    assert {stream: len(events) for stream, events in log.events.items()} == {"builds": 2, "runs": 1}
    sender.begin(Run("a", (API, failed, _with(API, name="late"))))
    assert sender.end() == ""
    assert {stream: len(events) for stream, events in log.events.items()} == {"builds": 3, "runs": 1}


def test_a_build_is_compared_with_what_the_log_has() -> None:
    earlier = BuildRecord(*(getattr(API, name) for name in API.__slots__[:-1]))
    grown = Run("b2", (_with(API, image_bytes=99_000_000),))
    log = Log(history=tuple(one.text for one in metric_documents(Run("a", (earlier,)), 0.0)))
    assert sent(lambda: log, grown) == ""
    assert '"GrownImages":1' in log.events["builds"][0]


def test_nothing_is_read_where_nothing_was_built() -> None:
    log = Log()
    assert sent(lambda: log, Run("a", (_with(API, outcome="unchanged"),))) == ""
    assert log.asked == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            AuthError("AWS denied logs:PutLogEvents.", where="/g", why="AccessDenied:\nno"),
            "AWS denied logs:PutLogEvents",
        ),
        (RegistryError("AWS cannot be reached.", where="/g"), "AWS cannot be reached: /g"),
        (RuntimeError("what\never"), "RuntimeError: what ever"),
    ],
)
def test_what_goes_wrong_is_one_line(error: Exception, said: str) -> None:
    wrong = sent(lambda: Log(write=error))
    assert wrong.startswith("the metrics of this run were not sent: ")
    assert said in wrong
    assert "\n" not in wrong


def test_a_client_that_cannot_be_made_is_one_line() -> None:
    def failing() -> Any:
        raise AuthError("The AWS region is not known.", where="logs")

    assert "region is not known" in sent(failing)


def test_metrics_are_sent_though_the_history_may_not_be_read() -> None:
    log = Log(read=AuthError("AWS denied logs:GetLogEvents.", where="/g"))
    said = sent(lambda: log)
    assert said == "the builds of this run were not compared with earlier ones: AWS denied logs:GetLogEvents: /g"
    assert len(log.events["builds"]) == 1


def test_a_server_that_does_not_answer_holds_the_end_up_for_no_longer_than_it_may() -> None:
    release = threading.Event()

    class Hanging(Log):
        def put(self, stream: str, events: list[dict[str, Any]]) -> None:
            release.wait(10)

    began = time.monotonic()
    assert "no answer within" in sent(Hanging, most_s=0.2)
    assert time.monotonic() - began < 2
    release.set()


def test_a_log_group_that_was_not_made_is_one_line() -> None:
    sender = MetricSender("image")
    sender.begin(RUN)
    assert sender.end() == "the metrics of this run were not sent: their log group was not made"


def test_the_reason_why_aws_cannot_be_reached_is_kept() -> None:
    sender = MetricSender("image")
    sender.fail("aws:profile cannot be followed.")
    sender.begin(RUN)
    assert "aws:profile cannot be followed." in sender.end()


def _with(record: BuildRecord, **changes: Any) -> BuildRecord:
    return BuildRecord(**{**{name: getattr(record, name) for name in record.__slots__}, **changes})
