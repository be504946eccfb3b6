"""The log of calls says which call answered what, and holds nothing that could be a credential."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.call_log import CallLog
from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import RegistryError


class _Handler(BaseHTTPRequestHandler):
    """Redirects blobs to a signed address; has no manifest."""

    def do_GET(self) -> None:
        if "/blobs/" in self.path:
            self.send_response(307)
            self.send_header("Location", "/signed/PATHSECRET/x?X-Amz-Signature=QUERYSECRET")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' if "/manifests/" in self.path else b"hello"
        self.send_response(404 if "/manifests/" in self.path else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def registry() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_requests_to_a_registry_are_logged_where_the_environment_asks_for_it(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with registry() as host:
        found = Registries(AwsAccess(), {"FAST_CONTAINER_CALL_LOG": str(log), "DOCKER_CONFIG": str(tmp_path)})
        assert asyncio.run(found.registry_blocking(f"{host}/shop/images").find(["key-1"])) == {}
    (line,) = lines(log)
    assert line.pop("took_s") >= 0
    assert line.pop("operation") in ("HEAD manifest", "GET manifest")
    assert line == {
        "service": "registry",
        "status": 404,
        "error": "",
        "retries": 0,
        "host": host,
        "path": "/v2/shop/images/manifests/key-1",
    }


def test_no_header_query_user_or_signed_path_is_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with registry() as host:
        transport = HttpTransport(calls=CallLog(str(log)))
        headers = {"Authorization": "Bearer HEADERSECRET"}
        transport.request("GET", f"http://{host}/v2/a/blobs/sha256:1?token=QUERYSECRET", headers, follow=True)
        transport.close()
    assert [(line["operation"], line["status"]) for line in lines(log)] == [("GET blob", 307), ("GET elsewhere", 200)]
    assert "SECRET" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_what_did_not_answer_is_logged_with_why(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with pytest.raises(RegistryError):
        HttpTransport(calls=CallLog(str(log))).request("GET", "http://127.0.0.1:1/v2/", {})
    assert [(line["status"], line["error"]) for line in lines(log)] == [(0, "ConnectionRefusedError")]


def test_a_log_that_cannot_be_written_fails_nothing_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, tmp_path / "no" / "such", Path("/dev/full"), "nul\0"):
        CallLog(str(place)).of_request("GET", "https://[broken/v2/", 0.1, status=200)
