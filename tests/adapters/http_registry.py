"""A small registry in this process, with the deviations of ECR and the failures of a network."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from fast_container.core.oci.media_types import MANIFEST_TYPES


@dataclass
class HttpRegistry:
    """What the registry holds, how it behaves, and what it was asked.

    Attributes:
        user: ``name:password`` that it demands, or "" for none.
        bearer: Demand a token of its own token service instead of Basic.
        immutable: Refuse to put a tag that is there, with ECR's text.
        elsewhere: Blobs of its other repositories, which this one gives but does not hold.
        break_uploads: How many uploads break off.
        mounts: Whether blobs of other repositories may be mounted; ECR does not by default.
        ranges: Whether a part of a blob can be asked for.
        heads: The status of every answer to a HEAD of a blob, or 0 for what is true.
        gate: Manifests are put when it is set.
        tags_a_page: How many tags a page of their list has at most.
        script: Answers given before anything else: a status, a (status, headers, body), or "reset".
    """

    repositories: set[str] = field(default_factory=lambda: {"shop/images"})
    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    elsewhere: dict[str, bytes] = field(default_factory=dict)
    break_uploads: int = 0
    user: str = ""
    bearer: bool = False
    token: str = "the-token"
    immutable: bool = True
    redirect_blobs_to: str = ""
    mounts: bool = False
    ranges: bool = True
    heads: int = 0
    script: list[Any] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    tags_a_page: int = 1000
    gate: threading.Event | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.host}/shop/images"

    def push(self, content: bytes, media_type: str = "application/vnd.oci.image.manifest.v1+json") -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.manifests[digest] = (media_type, content)
        return digest

    def paths(self, method: str) -> list[str]:
        return [path for m, path, _ in self.requests if m == method]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    registry: HttpRegistry

    def setup(self) -> None:
        super().setup()
        self.registry.connections += 1

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_any(self) -> None:
        registry = self.registry
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        registry.requests.append((self.command, self.path, headers))
        if registry.script:
            step = registry.script.pop(0)
            if step == "reset":
                # An RST instead of a FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            status, extra, content = step if isinstance(step, tuple) else (step, {}, b"")
            self.answer(status, content, **extra)
        elif registry.heads and self.command == "HEAD" and "/blobs/" in self.path:
            self.answer(registry.heads, Location=f"http://{registry.host}/storage")
        elif self.path.startswith("/token"):
            self.answer_token(headers)
        elif self.may_pass(headers):
            self.answer_registry(body)

    do_GET = do_PUT = do_HEAD = do_POST = handle_any  # noqa: N815

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def error(self, status: int, code: str, message: str, **headers: str) -> None:
        self.answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), **headers)

    def may_pass(self, headers: dict[str, str]) -> bool:
        registry = self.registry
        if not registry.user:
            return True
        given = headers.get("authorization", "")
        if registry.bearer:
            if given == f"Bearer {registry.token}":
                return True
            challenge = (
                f'Bearer realm="http://{registry.host}/token",service="s, x",scope="repository:shop/images:pull"'
            )
        else:
            if given == "Basic " + base64.b64encode(registry.user.encode()).decode():
                return True
            challenge = 'Basic realm="x",service="ecr.amazonaws.com"'
        self.error(401, "UNAUTHORIZED", "not authorized", WWW_Authenticate=challenge)
        return False

    def answer_token(self, headers: dict[str, str]) -> None:
        if headers.get("authorization") == "Basic " + base64.b64encode(self.registry.user.encode()).decode():
            self.answer(200, json.dumps({"token": self.registry.token}).encode())
        else:
            self.error(401, "UNAUTHORIZED", "wrong password")

    def answer_registry(self, body: bytes) -> None:
        registry = self.registry
        path = self.path.partition("?")[0].removeprefix("/v2/")
        name, _, rest = path.partition("/manifests/")
        if "/referrers/" in path:
            self.answer_referrers(path.partition("/referrers/")[2])
            return
        if path.endswith("/tags/list"):
            self.answer_tags(path.removesuffix("/tags/list"))
            return
        if not rest:
            name, _, digest = path.partition("/blobs/")
            if digest.startswith("uploads/"):
                self.answer_upload(name, body)
            else:
                self.answer_blob(digest)
            return
        if name not in registry.repositories:
            self.error(404, "NAME_UNKNOWN", "The repository does not exist")
            return
        if self.command == "PUT":
            self.put_manifest(rest, body)
            return
        media_type, content = registry.manifests.get(registry.tags.get(rest, rest), ("", b""))
        if not content or media_type not in self.headers.get("Accept", ""):
            self.error(404, "MANIFEST_UNKNOWN", "Requested image not found")
            return
        # ECR's GET says no Docker-Content-Digest.
        self.answer(200, content, Content_Type=media_type)

    def answer_referrers(self, subject: str) -> None:
        found: list[Any] = []
        for digest, (media_type, content) in self.registry.manifests.items():
            manifest = json.loads(content)
            if manifest.get("subject", {}).get("digest") == subject:
                kept = {name: manifest[name] for name in ("artifactType", "annotations")}
                found.append({"mediaType": media_type, "digest": digest, "size": len(content), **kept})
        self.answer(200, json.dumps({"schemaVersion": 2, "manifests": found}).encode())

    def answer_tags(self, name: str) -> None:
        """Pages as the specification has them: so many, and where the next ones are."""
        registry, query = self.registry, dict(parse_qsl(self.path.partition("?")[2]))
        if name not in registry.repositories:
            self.error(404, "NAME_UNKNOWN", "The repository does not exist")
            return
        number = min(int(query.get("n", "1000")), registry.tags_a_page)
        left = [tag for tag in sorted(registry.tags) if tag > query.get("last", "")]
        page = json.dumps({"name": name, "tags": left[:number] or None}).encode()
        more = f'</v2/{name}/tags/list?n={number}&last={left[number - 1]}>; rel="next"' if left[number:] else ""
        self.answer(200, page, **({"Link": more} if more else {}))

    def put_manifest(self, tag: str, body: bytes) -> None:
        registry = self.registry
        if registry.gate:
            registry.gate.wait(10)
        if tag in registry.tags and registry.immutable:
            self.error(
                400,
                "TAG_INVALID",
                f"The image tag '{tag}' already exists in the 'shop/images' repository and cannot be overwritten "
                "because the repository is immutable.",
            )
            return
        digest = registry.push(body, self.headers.get("Content-Type", ""))
        if not tag.startswith("sha256:"):
            registry.tags[tag] = digest
        self.answer(201)

    def answer_upload(self, name: str, body: bytes) -> None:
        registry, query = self.registry, dict(parse_qsl(self.path.partition("?")[2]))
        if self.command == "POST" and registry.mounts and "mount" in query:
            registry.blobs[query["mount"]] = registry.elsewhere[query["mount"]]
            self.answer(201)
        elif self.command == "POST":
            self.answer(202, Location=f"/v2/{name}/blobs/uploads/1?state=x")
        elif registry.break_uploads:
            registry.break_uploads -= 1
            self.close_connection = True
        elif f"sha256:{hashlib.sha256(body).hexdigest()}" == query["digest"]:
            registry.blobs[query["digest"]] = body
            self.answer(201)
        else:
            self.error(400, "DIGEST_INVALID", "the digest does not fit")

    def answer_blob(self, digest: str) -> None:
        registry = self.registry
        if registry.redirect_blobs_to:
            self.answer(307, Location=f"{registry.redirect_blobs_to}/blobs/{digest}?signature=secret")
        elif digest in registry.blobs or (self.command == "GET" and digest in registry.elsewhere):
            content, asked = {**registry.elsewhere, **registry.blobs}[digest], self.headers.get("Range", "")
            if asked and registry.ranges:
                first, _, last = asked.removeprefix("bytes=").partition("-")
                self.answer(206, content[int(first) : int(last) + 1])
            else:
                self.answer(200, content)
        else:
            self.error(404, "BLOB_UNKNOWN", "blob unknown to registry")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def http_registry(
    change: Callable[[HttpRegistry], None] = lambda _: None, tls: ssl.SSLContext | None = None
) -> Generator[HttpRegistry]:
    """A running registry."""
    registry = HttpRegistry()
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    server.block_on_close = False
    registry.port = server.server_address[1]
    change(registry)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


assert len(MANIFEST_TYPES) == 5
