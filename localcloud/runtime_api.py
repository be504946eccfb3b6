"""The Lambda Runtime API: the four routes between the service and the code in a sandbox.

Decides the wire: what ``next`` answers, what a response, an error and an initialisation error mean. One server per
sandbox; when an invocation times out is decided in :mod:`localcloud.lambda_sandbox`.

Routes after https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

_PREFIX = "/2018-06-01/runtime/"


@dataclasses.dataclass(frozen=True)
class Invocation:
    """One event on its way into a sandbox; ``deadline_ms`` is milliseconds since the epoch."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    client_context: str = ""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came out: ``kind`` ``response``, ``error`` (of the function) or ``init_error``."""

    kind: Literal["response", "error", "init_error", "exited"]
    payload: bytes
    request_id: str = ""


class RuntimeApi:
    """Serves one sandbox; ``address`` is what ``AWS_LAMBDA_RUNTIME_API`` holds.

    Attributes:
        ready: Set when the code in the sandbox has asked for its first event.
    """

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.ready = threading.Event()
        self.outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        threading.Thread(target=self._server.serve_forever, name="runtime-api", daemon=True).start()

    def send(self, invocation: Invocation) -> None:
        """Hands an event to the next one who asks."""
        self._invocations.put(invocation)

    def next(self) -> Invocation | None:
        """Waits for an event; None when the server stops."""
        self.ready.set()
        return self._invocations.get()

    def stop(self) -> None:
        """End the server and all waiting calls."""
        self._invocations.put(None)
        # Waiting for the serving thread can last half a second, and is not needed.
        threading.Thread(target=self._close, name="runtime-api-end", daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sandbox that was ended hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one packet: a delayed acknowledgement would cost 40 ms
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""

    def do_GET(self) -> None:
        """``next``."""
        if self.path != f"{_PREFIX}invocation/next":
            self._answer(404, b'{"errorType":"NotFound"}')
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        if invocation.client_context:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        self._answer(200, invocation.payload, headers)

    def do_POST(self) -> None:
        """A response, an error, or an error while initialising."""
        body = self._body()
        words = self.path.removeprefix(_PREFIX).split("/")
        match words:
            case ["init", "error"]:
                outcome = Outcome("init_error", body)
            case ["invocation", request_id, "response"]:
                outcome = Outcome("response", body, request_id)
            case ["invocation", request_id, "error"]:
                outcome = Outcome("error", body, request_id)
            case _:
                self._answer(404, b'{"errorType":"NotFound"}')
                return
        self._answer(202, b'{"status":"OK"}')
        self.server.api.outcomes.put(outcome)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
