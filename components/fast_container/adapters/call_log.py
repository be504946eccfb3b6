"""A log of the calls to AWS: which operation answered what, and how long it took.

Decides what is written (service, operation, status, error code, retries, seconds) and what never is: parameters,
answers and headers, which may hold credentials. It is on where ``FAST_CONTAINER_CALL_LOG`` names a file, and then
every process of ours appends to that file. A log that cannot be written is no reason to fail a call.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from typing import Any, Final

VARIABLE: Final = "FAST_CONTAINER_CALL_LOG"
_STARTED: Final = "fast-container-started-s"


def observe(client: Any, environment: Mapping[str, str]) -> Any:
    """Let a botocore client log its calls, if the environment asks for it; returns the client."""
    path = environment.get(VARIABLE)
    if path:
        log = _CallLog(path, client.meta.service_model.service_name)
        client.meta.events.register("before-call", log.before)
        client.meta.events.register("after-call", log.after)
        client.meta.events.register("after-call-error", log.failed)
    return client


class _CallLog:
    """The handlers of one client."""

    def __init__(self, path: str, service: str) -> None:
        self._path = path
        self._service = service

    def before(self, *, context: dict[str, Any], **_: Any) -> None:
        """Note when the call began."""
        context[_STARTED] = time.monotonic()

    def after(self, *, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        """Write what AWS answered."""
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
        line = json.dumps(
            {"service": self._service, "operation": operation, **answer, "took_s": round(took_s, 3)}, ensure_ascii=True
        )
        with contextlib.suppress(OSError):
            # One write of one line, so that the lines of several processes do not mix.
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, line.encode() + b"\n")
            finally:
                os.close(descriptor)
