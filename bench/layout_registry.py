"""A registry on loopback that serves the images of OCI layouts and counts the bytes that it sends.

Decides nothing about images; it answers what a reader of manifests and blobs asks, with ranges, as registries do.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_NAME = "made"


class LayoutRegistry:
    """What is served: a folder of blobs, and the digest of each tag."""

    def __init__(self, blobs: Path) -> None:
        self.blobs = blobs
        self.tags: dict[str, str] = {}
        self.host = ""
        self.sent_bytes = 0

    def reference(self, tag: str, digest: str) -> str:
        """Put a tag; returns what it is pulled by."""
        self.tags[tag] = digest
        return f"{self.host}/{_NAME}:{tag}"

    def place(self, reference: str) -> Path:
        """Where a blob lies."""
        return self.blobs / self.tags.get(reference, reference).removeprefix("sha256:")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    registry: LayoutRegistry

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        _, _, _, kind, reference = (*self.path.split("/"), "", "", "", "")[:5]
        place = self.registry.place(reference)
        if not place.is_file():
            self._answer(404, json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN"}]}).encode())
        elif kind == "manifests":
            self._answer(200, place.read_bytes(), _MANIFEST)
        else:
            self._blob(place)

    def _answer(self, status: int, content: bytes, media_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _blob(self, place: Path) -> None:
        size = place.stat().st_size
        first, _, last = (self.headers.get("Range") or f"bytes=0-{size - 1}").removeprefix("bytes=").partition("-")
        start, count = int(first), int(last) + 1 - int(first)
        self.send_response(206 if self.headers.get("Range") else 200)
        self.send_header("Content-Length", str(count))
        self.end_headers()
        self.wfile.flush()
        with place.open("rb") as opened:
            while count and (sent := os.sendfile(self.connection.fileno(), opened.fileno(), start, count)):
                start, count = start + sent, count - sent
                self.registry.sent_bytes += sent


@contextmanager
def layout_registry(blobs: Path) -> Iterator[LayoutRegistry]:
    """A running one."""
    registry = LayoutRegistry(blobs)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": registry}))
    server.daemon_threads = True
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
