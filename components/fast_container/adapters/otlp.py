"""Sends spans to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says, by OpenTelemetry's own variables.

Decides when spans are wanted and by which protocol they go (``OTEL_EXPORTER_OTLP_PROTOCOL``; without it HTTP for port
4318, else gRPC), and that all of it takes two seconds at most: who waits is a deploy. The SDK and the encoder are those
that Pulumi's SDK depends on, and its exporter for gRPC; for HTTP, which that does not bring, one request is made here.
``TRACEPARENT`` becomes the parent: its trace is gone on with, and one that is not sampled gets no spans.
"""

from __future__ import annotations

import logging
import re
import time
import urllib.parse
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from fast_container.core.records.span import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
LONGEST_S: Final = 2.0
_LEAST_S: Final = 0.1
_HTTP_PORT: Final = 4318
# A receiver takes 4 MiB at once.
_AT_ONCE: Final = 2_000
_LOGIN: Final = re.compile(r"//([^/@\s]*@)")
_EXPORTER_LOG: Final = "opentelemetry.exporter.otlp.proto.grpc.exporter"


class NotSentError(Exception):
    """The spans did not arrive; says why in one line."""


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a place for spans, and does not turn them off."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not is_off and environment.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp" and bool(_endpoint(environment))


def send_spans(root: Span, environment: Mapping[str, str], version: str, longest_s: float = LONGEST_S) -> None:
    """Send a span and those in it; blocking.

    Args:
        root: The outermost span.
        environment: OpenTelemetry's variables, ``TRACEPARENT`` among them.
        version: Of this library.
        longest_s: Seconds after which no answer is waited for.

    Raises:
        NotSentError: They did not arrive, or the receiver did not say so in time.
    """
    end_s = time.monotonic() + longest_s
    try:
        spans = _ended(root, environment, version)
        send = _post if _is_http(environment) else _export
        for first in range(0, len(spans), _AT_ONCE):
            send(spans[first : first + _AT_ONCE], environment, max(end_s - time.monotonic(), _LEAST_S))
    except ImportError as error:
        raise NotSentError(f"{error}; install fast-container[otel]") from error
    except Exception as error:  # noqa: BLE001, RUF100 - insight only: a deploy never fails because of it
        why, login = " ".join(str(error).split()) or type(error).__name__, _LOGIN.search(_endpoint(environment))
        why = why.replace(login[1], "") if login else why
        raise NotSentError(f"{shown(_endpoint(environment))}: {why}") from error


def shown(endpoint: str) -> str:
    """Return an address without the user and the password in it, and without its query."""
    return _LOGIN.sub("//", endpoint.partition("?")[0])


def _endpoint(environment: Mapping[str, str]) -> str:
    return environment.get(f"{_PREFIX}TRACES_ENDPOINT") or environment.get(ENDPOINT) or ""


def _setting(environment: Mapping[str, str], name: str) -> str:
    return environment.get(f"{_PREFIX}TRACES_{name}") or environment.get(f"{_PREFIX}{name}") or ""


def _is_http(environment: Mapping[str, str]) -> bool:
    protocol = _setting(environment, "PROTOCOL")
    if protocol:
        if protocol not in ("grpc", "http/protobuf"):
            raise NotSentError(f"the protocol {protocol!r} is neither grpc nor http/protobuf")
        return protocol == "http/protobuf"
    return urllib.parse.urlsplit(_endpoint(environment)).port == _HTTP_PORT


def _ended(root: Span, environment: Mapping[str, str], version: str) -> list[ReadableSpan]:
    """Make the spans with the SDK, which samples them; the innermost first."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - seldom needed, and not on the command line
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider  # noqa: PLC0415
    from opentelemetry.trace import Status, StatusCode, set_span_in_context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    ended: list[ReadableSpan] = []

    class Kept(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    about: dict[str, Any] = {"service.version": version}
    if not environment.get("OTEL_SERVICE_NAME") and "service.name" not in environment.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    ):
        about["service.name"] = "fast-container"
    provider: Any = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(Kept())
    tracer = provider.get_tracer("fast_container", version)

    def add(span: Span, context: Any) -> None:
        attributes: dict[str, Any] = dict(span.attributes)
        made = tracer.start_span(span.name, context, attributes=attributes, start_time=_nanoseconds(span.started))
        for one in span.inside:
            add(one, set_span_in_context(made))
        if span.failure:
            made.set_status(Status(StatusCode.ERROR, span.failure))
        made.end(_nanoseconds(span.ended))

    carrier = {name: environment.get(name.upper(), "") for name in ("traceparent", "tracestate")}
    add(root, TraceContextTextMapPropagator().extract(carrier))
    provider.shutdown()
    return ended


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _export(spans: list[ReadableSpan], environment: Mapping[str, str], longest_s: float) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - seldom needed
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

    # Pulumi's SDK sets the variable for an endpoint of its own; the scheme says it.
    insecure = urllib.parse.urlsplit(_endpoint(environment)).scheme != "https"
    endpoint, headers = _endpoint(environment), tuple(_headers(environment).items())
    exporter: Any = OTLPSpanExporter(endpoint, insecure, headers=headers, timeout=longest_s)  # pyright: ignore[reportArgumentType] - whole seconds in its type only
    with _said_by_exporter() as said:
        result = exporter.export(spans)
        exporter.shutdown()
    if result is not SpanExportResult.SUCCESS:
        raise NotSentError(said[-1] if said else "it did not take the spans")


@contextmanager
def _said_by_exporter() -> Generator[list[str]]:
    """Keep what the exporter would log: the deploy's output is not its place."""
    said: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger, handler = logging.getLogger(_EXPORTER_LOG), Kept()
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


def _headers(environment: Mapping[str, str]) -> Mapping[str, str]:
    from opentelemetry.util.re import parse_env_headers  # noqa: PLC0415 - seldom needed

    return parse_env_headers(_setting(environment, "HEADERS"), liberal=True)


def _post(spans: list[ReadableSpan], environment: Mapping[str, str], longest_s: float) -> None:
    import urllib3  # noqa: PLC0415 - seldom needed
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: PLC0415

    address = environment.get(f"{_PREFIX}TRACES_ENDPOINT") or f"{environment[ENDPOINT].rstrip('/')}/v1/traces"
    with urllib3.PoolManager(
        ca_certs=_setting(environment, "CERTIFICATE") or None, timeout=longest_s, retries=False
    ) as pool:
        answer = pool.request(
            "POST",
            address,
            body=encode_spans(spans).SerializeToString(),
            headers={"Content-Type": "application/x-protobuf", "User-Agent": "fast-container", **_headers(environment)},
        )
    if answer.status >= 300:
        raise NotSentError(f"HTTP {answer.status}")
