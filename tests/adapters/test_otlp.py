"""Spans on their way to a receiver, by OpenTelemetry's own variables."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping

import pytest

from fast_container.adapters.otlp import ENDPOINT, NotSentError, is_wanted, send_spans, shown
from fast_container.core.records.span import Span
from tests.otlp_receiver import Receiver, attributes, grpc_receiver, http_receiver

STEP = Span("RUN pip install", 11.0, 12.5, {"n": 3, "cached": False, "names": ("a", "b")})
ROOT = Span("up", 10.0, 13.0, {"stack": "shop/prod"}, (Span("image api", 10.5, 13.0, {}, (STEP,), failure="why"),))
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def sent(receiver: Receiver, environment: Mapping[str, str] | None = None) -> Receiver:
    send_spans(ROOT, {ENDPOINT: receiver.address, **(environment or {})}, "1.2")
    return receiver


def test_spans_arrive_over_grpc_with_times_attributes_parents_and_failure() -> None:
    with grpc_receiver() as receiver:
        sent(receiver, {"OTEL_EXPORTER_OTLP_HEADERS": "x-key=1"})
    step, image = receiver.named("RUN pip install"), receiver.named("image api")
    assert receiver.path(step) == ["up", "image api", "RUN pip install"]
    assert (step.start_time_unix_nano, step.end_time_unix_nano) == (11 * 10**9, 12_500_000_000)
    assert attributes(step)["n"] == 3
    assert (image.status.code, image.status.message) == (2, "why")
    assert receiver.resources[0]["service.name"] == "fast-container"
    assert receiver.resources[0]["service.version"] == "1.2"
    assert receiver.headers["x-key"] == "1"


def test_spans_arrive_over_http() -> None:
    with http_receiver() as receiver:
        sent(receiver, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=1"})
    assert receiver.headers["path"] == "/v1/traces"
    assert receiver.headers["x-key"] == "1"
    assert receiver.path(receiver.named("RUN pip install")) == ["up", "image api", "RUN pip install"]


def test_a_trace_that_has_begun_is_gone_on_with() -> None:
    with grpc_receiver() as receiver:
        sent(receiver, {"TRACEPARENT": PARENT})
        root = receiver.named("up")
        assert (root.trace_id.hex(), root.parent_span_id.hex()) == tuple(PARENT.split("-")[1:3])
        receiver.spans.clear()
        sent(receiver, {"TRACEPARENT": PARENT[:-1] + "0"})
        assert receiver.spans == [], "not sampled"
        sent(receiver, {"TRACEPARENT": "nonsense"})
        assert not receiver.named("up").parent_span_id


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({ENDPOINT: "http://user:hidden@127.0.0.1:1"}, "http://127.0.0.1:1: "),
        ({ENDPOINT: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "refused"),
        ({ENDPOINT: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, "neither grpc nor http/protobuf"),
        ({ENDPOINT: "::nonsense::"}, ""),
        ({ENDPOINT: "http://[::1"}, ""),
    ],
)
def test_an_endpoint_that_cannot_be_reached_is_one_line(
    environment: Mapping[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    began_s = time.monotonic()
    with pytest.raises(NotSentError) as caught:
        send_spans(ROOT, environment, "1.2", longest_s=0.5)
    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began_s < 8  # ten seconds, if nobody says otherwise
    assert caplog.records == []


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_receiver_that_does_not_answer_is_given_up(protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began_s = time.monotonic()
        with pytest.raises(NotSentError):
            send_spans(ROOT, {ENDPOINT: endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}, "1.2", longest_s=0.5)
    assert time.monotonic() - began_s < 8  # ten seconds, if nobody says otherwise


def test_a_receiver_that_refuses_is_told() -> None:
    with http_receiver(403) as receiver, pytest.raises(NotSentError, match="HTTP 403"):
        sent(receiver, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"})


def test_spans_are_wanted_where_a_place_is_named_and_they_are_not_off() -> None:
    assert not is_wanted({})
    assert is_wanted({ENDPOINT: "http://x"})
    assert is_wanted({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"})
    assert not is_wanted({ENDPOINT: "http://x", "OTEL_SDK_DISABLED": "true"})
    assert not is_wanted({ENDPOINT: "http://x", "OTEL_TRACES_EXPORTER": "none"})


def test_an_address_is_shown_without_what_is_secret_in_it() -> None:
    assert shown("https://user:hidden@host:1/path?key=hidden") == "https://host:1/path"
