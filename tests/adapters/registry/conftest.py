"""An ECR endpoint over HTTP, for what asks AWS which registry it is."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess


@dataclass
class TokenEndpoint:
    """An ECR endpoint that gives a token for one registry, and nothing else."""

    url: str
    calls: list[str] = field(default_factory=list)
    proxy_endpoint: str = ""

    def registries(self, *, of: str, **options: Any) -> Registries:
        self.proxy_endpoint = f"http://{of}"
        return Registries(AwsAccess(region="eu-west-1", endpoints={"ecr": self.url}), {}, **options)


@pytest.fixture
def http_endpoint() -> Iterator[TokenEndpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            made.calls.append(self.headers["X-Amz-Target"])
            token = {"authorizationToken": base64.b64encode(b"AWS:token").decode(), "expiresAt": time.time() + 3600}
            content = json.dumps({"authorizationData": [token | {"proxyEndpoint": made.proxy_endpoint}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = TokenEndpoint(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()
