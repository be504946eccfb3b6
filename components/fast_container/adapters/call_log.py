"""A log of the calls to AWS and to registries: the result of each, and how long it took.

Decides what is written (of AWS: service, operation, status, error code, retries, seconds; of a registry: method, host,
path, status, seconds) and what never is: parameters, queries, answers and headers, which may hold credentials, and
paths of other places than a registry's API, which may be signed. It is on if ``FAST_CONTAINER_CALL_LOG`` names a file;
then each of our processes appends to that file. A log that cannot be written never fails a call, and one without a
reader (a pipe) never blocks one.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

VARIABLE: Final = "FAST_CONTAINER_CALL_LOG"
REGISTRY: Final = "registry"
_STARTED: Final = "fast-container-started-s"
_LONGEST_PATH: Final = 1000
_API: Final = "/v2/"
_PARTS: Final = (("/manifests/", "manifest"), ("/blobs/uploads/", "upload"), ("/blobs/", "blob"), ("/tags/", "tags"))


@dataclass(frozen=True, slots=True)
class CallLog:
    """Appends to one file.

    Attributes:
        path: The file's; "" for no log.
    """

    path: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> CallLog:
        """Make the log that the environment asks for."""
        return cls(environment.get(VARIABLE, ""))

    def of_request(self, method: str, url: str, took_s: float, *, status: int = 0, error: str = "") -> None:
        """Write the answer of a registry, or of a place that it named, to one request; without an answer, no status."""
        if not self.path:
            return
        try:
            parts = urllib.parse.urlsplit(url)
            host, path = parts.netloc.rpartition("@")[2], parts.path if parts.path.startswith(_API) else ""
        except ValueError:
            host, path = "", ""
        kind = next((name for part, name in _PARTS if part in path), "API" if path else "elsewhere")
        place = {"host": host, "path": path[:_LONGEST_PATH]}
        self.write(REGISTRY, f"{method} {kind}", took_s, status=status, error=error, retries=0, **place)

    def write(self, service: str, operation: str, took_s: float, **answer: Any) -> None:
        """Append one line, in one write, so that the lines of several processes do not mix."""
        line = {"service": service, "operation": operation, **answer, "took_s": round(took_s, 3)}
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        with contextlib.suppress(OSError, ValueError):
            descriptor = os.open(self.path, flags, 0o600)
            try:
                os.write(descriptor, json.dumps(line, ensure_ascii=True).encode() + b"\n")
            finally:
                os.close(descriptor)


def observe(client: Any, environment: Mapping[str, str]) -> Any:
    """Let a botocore client log its calls if the environment asks for it; return the client."""
    log = CallLog.from_environment(environment)
    if log.path:
        handlers = _Handlers(log, client.meta.service_model.service_name)
        client.meta.events.register("before-call", handlers.before)
        client.meta.events.register("after-call", handlers.after)
        client.meta.events.register("after-call-error", handlers.failed)
    return client


class _Handlers:
    """The handlers of one client."""

    def __init__(self, log: CallLog, service: str) -> None:
        self._log = log
        self._service = service

    def before(self, *, context: dict[str, Any], **_: Any) -> None:
        """Note when the call began."""
        context[_STARTED] = time.monotonic()

    def after(self, *, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        """Write AWS's answer."""
        answer = parsed.get("ResponseMetadata", {})
        self._write(
            model.name,
            context,
            status=answer.get("HTTPStatusCode", 0),
            error=str(parsed.get("Error", {}).get("Code", "")),
            retries=answer.get("RetryAttempts", 0),
        )

    def failed(self, *, exception: Exception, context: Mapping[str, Any], event_name: str = "", **_: Any) -> None:
        """Write that there was no answer."""
        self._write(event_name.rpartition(".")[2], context, status=0, error=type(exception).__name__, retries=0)

    def _write(self, operation: str, context: Mapping[str, Any], **answer: Any) -> None:
        took_s = time.monotonic() - context.get(_STARTED, time.monotonic())
        self._log.write(self._service, operation, took_s, **answer)
