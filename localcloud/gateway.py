"""The registry as ECR's clients meet it, in front of distribution.

Decides who may come in (only tokens that ``GetAuthorizationToken`` handed out), which repositories exist (moto's),
that tags of immutable repositories stay, and where ECR's HTTP API differs from distribution's: no mounts from
other repositories, no digest header on ``GET`` of a manifest, 404 for a manifest in a type that is not accepted; and it
knows referrers, which distribution does not. Everything else is passed on.
"""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from localcloud.ecr_answers import immutable_text
from localcloud.ecr_images import OCI_INDEX, ImageStore, StoredManifest
from localcloud.ecr_repositories import find_repository, is_immutable
from localcloud.state import ACCOUNT_ID, REGION
from localcloud.tokens import Tokens

_ROUTE = re.compile(r"/v2/(?P<name>.+)/(?P<kind>blobs|manifests|tags|referrers)/(?P<rest>.+)")
_CHUNK = 256 * 1024
_ACTIONS = {
    ("blobs", "HEAD"): "ecr:BatchCheckLayerAvailability",
    ("blobs", "GET"): "ecr:GetDownloadUrlForLayer",
    ("blobs", "POST"): "ecr:InitiateLayerUpload",
    ("blobs", "PATCH"): "ecr:UploadLayerPart",
    ("blobs", "PUT"): "ecr:CompleteLayerUpload",
    ("manifests", "PUT"): "ecr:PutImage",
    ("manifests", "DELETE"): "ecr:BatchDeleteImage",
}
"""What IAM calls the registry's requests (AWS, "IAM permissions for pushing an image"); the rest reads manifests."""

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "authorization"})


class Gateway:
    """A threaded HTTP/1.1 server; ``host`` is ``127.0.0.1:PORT``."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="gateway", daemon=True)

    def start(self, store: ImageStore, tokens: Tokens, upstream: str) -> None:
        """Begins to answer."""
        self._server.store, self._server.tokens, self._server.upstream = store, tokens, upstream
        self._thread.start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    store: ImageStore
    tokens: Tokens
    upstream: str

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up."""


class _RefusalError(Exception):
    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: _Server
    _upstream: http.client.HTTPConnection | None = None

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""

    def finish(self) -> None:
        """End this client's connection and its connection to the registry."""
        super().finish()
        if self._upstream is not None:
            self._upstream.close()

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def _serve(self) -> None:
        try:
            password = self._authenticate()
            url = urlsplit(self.path)
            if url.path.rstrip("/") == "/v2":
                self._answer(200, b"{}", {"Docker-Distribution-Api-Version": "registry/2.0"})
                return
            match = _ROUTE.fullmatch(url.path)
            if match is None:
                raise _RefusalError(404, "UNSUPPORTED", "The operation is unsupported.")
            self._authorize(password, match["name"], match["kind"])
            self._pass_on(match["name"], match["kind"], match["rest"], url.query)
        except _RefusalError as refusal:
            self._drain()
            error = {"errors": [{"code": refusal.code, "message": str(refusal)}]}
            self._answer(refusal.status, json.dumps(error).encode() + b"\n", refusal.headers)

    def _authenticate(self) -> str:
        challenge = {
            "WWW-Authenticate": f'Basic realm="http://{self.headers.get("Host", "")}/",service="ecr.amazonaws.com"'
        }
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            user = password = ""
        if scheme.lower() != "basic" or user != "AWS":
            raise _RefusalError(401, "UNAUTHORIZED", "Not Authorized", **challenge)
        state = self.server.tokens.state(password)
        if state == "expired":
            text = "Your authorization token has expired. Reauthenticate and try again."
            raise _RefusalError(403, "DENIED", text)
        if state != "valid":
            raise _RefusalError(401, "UNAUTHORIZED", "Not Authorized", **challenge)
        return password

    def _authorize(self, password: str, name: str, kind: str) -> None:
        action = _ACTIONS.get((kind, self.command), "ecr:BatchGetImage")
        resource = f"arn:aws:ecr:{REGION}:{ACCOUNT_ID}:repository/{name}"
        refusal = self.server.tokens.refusal(password, action, resource)
        if refusal:
            raise _RefusalError(403, "DENIED", refusal)

    def _pass_on(self, name: str, kind: str, rest: str, query: str) -> None:
        repository = find_repository(name)
        if repository is None:
            text = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT_ID}'"
            raise _RefusalError(404, "NAME_UNKNOWN", text)
        if self.command == "DELETE" and not rest.startswith("uploads/") and not (kind == "manifests" and ":" in rest):
            raise _RefusalError(405, "UNSUPPORTED", "The operation is unsupported.")
        if self.command == "POST":
            # Without the account setting BLOB_MOUNTING, ECR starts an ordinary upload instead of a mount.
            query = urlencode([pair for pair in parse_qsl(query) if pair[0] not in {"mount", "from"}])
        if kind == "referrers":
            self._answer_referrers(name, rest, query)
            return
        path = f"/v2/{name}/{kind}/{rest}" + (f"?{query}" if query else "")
        putting_tag = self.command == "PUT" and kind == "manifests"
        with self.server.store.lock(name) if putting_tag else nullcontext():
            there = self.server.store.tag(name, rest) if putting_tag and ":" not in rest else ""
            if there and is_immutable(repository, rest):
                raise _RefusalError(400, "TAG_INVALID", immutable_text(name, rest))
            response = self._ask_upstream(path)
            if self.command in {"GET", "HEAD"} and kind == "manifests" and not self._accepts(response):
                response.read()
                raise _RefusalError(404, "MANIFEST_UNKNOWN", "Requested image not found")
            hidden = {"docker-content-digest"} if self.command == "GET" and kind == "manifests" else set[str]()
            self._relay(response, hidden)

    def _answer_referrers(self, name: str, digest: str, query: str) -> None:
        """Answer as the OCI distribution specification has it; distribution itself has no such API."""
        wanted = dict(parse_qsl(query)).get("artifactType")
        found = [_descriptor(one) for one in self.server.store.referrers(name, digest)]
        kept = [one for one in found if wanted in (None, one["artifactType"])]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": kept}
        filtered = {"OCI-Filters-Applied": "artifactType"} if wanted else dict[str, str]()
        self._answer(200, json.dumps(index).encode(), {"Content-Type": OCI_INDEX, **filtered})

    def _accepts(self, response: http.client.HTTPResponse) -> bool:
        accepted = ",".join(self.headers.get_all("Accept") or [])
        if response.status != 200 or not accepted or "*/*" in accepted:
            return True
        kinds = {kind.partition(";")[0].strip() for kind in accepted.split(",")}
        return response.headers.get("Content-Type", "").partition(";")[0] in kinds

    def _ask_upstream(self, path: str) -> http.client.HTTPResponse:
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(self.server.upstream, timeout=300)
            self._upstream.connect()
            self._upstream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream = self._upstream
        upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
        for header, value in self.headers.items():
            if header.lower() not in _HOP_BY_HOP:
                upstream.putheader(header, value)
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        for chunk in self._body():
            upstream.send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        if chunked:
            upstream.send(b"0\r\n\r\n")
        return upstream.getresponse()

    def _body(self) -> Iterator[bytes]:
        self._body_read = True
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            chunk = self.rfile.read(min(left, _CHUNK))
            if not chunk:
                raise ConnectionError("the client hung up")
            left -= len(chunk)
            yield chunk

    def _drain(self) -> None:
        if not self.__dict__.pop("_body_read", False):
            for _ in self._body():
                pass
        self.__dict__.pop("_body_read", None)

    def _relay(self, response: http.client.HTTPResponse, hidden: set[str]) -> None:
        self.__dict__.pop("_body_read", None)
        self.send_response_only(response.status, response.reason)
        for header, value in response.getheaders():
            if header.lower() not in _HOP_BY_HOP | hidden:
                self.send_header(header, value)
        no_body = self.command == "HEAD" or response.status in {204, 304}
        length = response.getheader("Content-Length")
        if length is None and not no_body:
            body = response.read()
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            self.end_headers()
            while chunk := response.read(_CHUNK):
                self.wfile.write(chunk)
        self.wfile.flush()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for header, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


def _descriptor(manifest: StoredManifest) -> dict[str, Any]:
    document = manifest.document
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": len(manifest.content),
        "artifactType": document.get("artifactType") or document.get("config", {}).get("mediaType", ""),
        "annotations": document.get("annotations") or {},
    }
