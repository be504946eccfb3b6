"""A registry, or what stands before it, that means no good: no endless wait, no foreign bytes, no credential told."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import itertools
import socket
import threading
import time
from collections.abc import Iterable

import pytest

from fast_container.adapters.registry.exchange import Exchange, TooSlowError
from fast_container.adapters.registry.http_transport import ATTEMPTS, HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread
from fast_container.core.ports import Credentials, Manifest
from fast_container.errors import AuthError, RegistryError
from tests.adapters.http_registry import http_registry
from tests.adapters.raw_server import RESET, raw_server, whole

OCI = "application/vnd.oci.image.manifest.v1+json"
UNKNOWN = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}'
USER = Credentials("ci-user", "registry-password")
DIGEST = "sha256:" + "0" * 64


def registry_at(host: str, **options: float) -> OciRegistry:
    transport = HttpTransport(sleep=lambda _: None, **{"timeout_s": 2.0, **options})  # pyright: ignore[reportArgumentType]
    return OciRegistry(f"{host}/shop/images", lambda: USER, transport=transport)


def find(registry: OciRegistry, tag: str = "key-1") -> Manifest | None:
    return asyncio.run(registry.find([tag])).get(tag)


def manifest(name: str) -> bytes:
    return f'{{"schemaVersion":2,"name":"{name}"}}'.encode()


# How much may come.


def endless(head: bytes, more: bytes) -> Iterable[bytes]:
    return itertools.chain([head], itertools.repeat(more))


@pytest.mark.parametrize(
    ("head", "more"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 60_000 + b"\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"y" * 60_000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;x=" + b"y" * 60_000 + b"\r\nz\r\n"),
    ],
    ids=["continue", "trailers", "chunk extensions"],
)
def test_an_answer_that_never_stops_has_an_end_and_is_asked_for_once(head: bytes, more: bytes) -> None:
    with raw_server(endless(head, more)) as server, pytest.raises(RegistryError) as caught:
        find(registry_at(server.host, largest_body=100_000))
    assert "no end" in caught.value.why
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"],
)
def test_a_body_without_an_end_is_read_up_to_what_is_expected(head: bytes) -> None:
    with (
        raw_server(endless(head, b"x" * 60_000)) as server,
        pytest.raises(RegistryError, match="is too large"),
    ):
        find(registry_at(server.host, largest_body=100_000))
    assert len(server.requests) == 1


def test_headers_without_an_end_are_not_read_for_ever() -> None:
    with (
        raw_server(endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: " + b"z" * 1000 + b"\r\n")) as server,
        pytest.raises(RegistryError, match="cannot be reached"),
    ):
        find(registry_at(server.host))


def test_an_encoding_that_was_not_asked_for_is_never_unpacked() -> None:
    packed = gzip.compress(bytes(50_000_000))
    with (
        raw_server(whole(200, packed, Content_Encoding="gzip", Content_Type=OCI)) as server,
        pytest.raises(RegistryError, match="damaged"),
    ):
        find(registry_at(server.host, largest_body=1_000_000))
        with pytest.raises(RegistryError, match="does not fit its digest"):
            asyncio.run(registry_at(server.host, largest_body=1_000_000).blob(DIGEST))
    assert all(b"Accept-Encoding: identity" in request for request in server.requests)


# How long it may take.


class _Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_body_that_is_taken_too_slowly_is_not_sent_for_ever() -> None:
    clock = _Clock()
    slices = Exchange(30.0, 30.0, 1, clock).slices([bytes(8 * 1024 * 1024)] * 100)
    taken = 0
    with pytest.raises(TooSlowError):
        for one in slices:
            taken += len(one)
            clock.now_s += 20.0  # Within the limit of a single slice.
    assert taken == 2 * 64 * 1024


def test_the_time_in_which_a_body_is_made_is_not_the_registrys() -> None:
    clock = _Clock()

    def pieces() -> Iterable[bytes]:
        for _ in range(100):
            clock.now_s += 20.0
            yield bytes(64 * 1024)

    assert sum(len(one) for one in Exchange(30.0, 30.0, 1, clock).slices(pieces())) == 100 * 64 * 1024


@pytest.mark.parametrize("said", ["Wed, 21 Oct 2099 07:28:00 GMT", "-5", "nan", "inf", "1e999", "soon", ""])
def test_a_retry_after_that_is_no_number_of_seconds_changes_nothing(said: str) -> None:
    pauses: list[float] = []
    with http_registry() as server:
        server.script = [(429, {"Retry_After": said}, b""), (503, {"Retry_After": said}, b"")]
        transport = HttpTransport(sleep=pauses.append, timeout_s=2.0)
        assert find(OciRegistry(server.url, transport=transport)) is None
        transport.close()
    assert pauses == [0.25, 0.5]


def test_who_is_not_awaited_any_more_stops_connecting() -> None:
    """A full queue of connections: the next one gets no answer at all."""
    done, full = threading.Event(), socket.socket()
    with full, contextlib.ExitStack() as others:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())

        def ask() -> None:
            try:
                HttpTransport(timeout_s=60.0).request("GET", f"http://127.0.0.1:{full.getsockname()[1]}/v2/", {})
            finally:
                done.set()

        async def scenario() -> None:
            task = asyncio.create_task(in_thread(ask))
            await asyncio.sleep(0.3)
            assert not done.is_set()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(scenario())
        assert done.wait(5)


# Whose bytes they are.


@pytest.mark.parametrize(
    "stray", [whole(200, manifest("stray"), Content_Type=OCI, Connection="keep-alive"), b"x", RESET]
)
def test_what_came_without_a_request_answers_none(stray: bytes) -> None:
    """Else the image of one tag would be taken for that of another."""
    answers = [whole(200, manifest(name), Content_Type=OCI, Connection="keep-alive") for name in ("first", "second")]
    with raw_server([answers[0], stray], answers[1], pause_s=0.05, waits=True) as server:
        registry = registry_at(server.host)
        found = [find(registry, "key-1")]
        time.sleep(0.3)
        found.append(find(registry, "key-2"))
    assert [one.content for one in found if one] == [manifest("first"), manifest("second")]


def test_a_connection_that_is_reset_in_the_middle_of_a_body_is_tried_again() -> None:
    good = manifest("good")
    half = whole(200, good[:9], Content_Type=OCI, Content_Length=str(len(good)))
    with raw_server([half, RESET], whole(200, good, Content_Type=OCI), pause_s=0.02) as server:
        found = find(registry_at(server.host))
    assert found
    assert found.content == good


def test_a_connection_that_is_always_reset_is_given_up() -> None:
    with (
        raw_server([b"HTTP/1.1 200 OK\r\nContent-Le", RESET]) as server,
        pytest.raises(RegistryError, match="cannot be reached"),
    ):
        find(registry_at(server.host))
    assert len(server.requests) == ATTEMPTS


# Redirects.


def redirect(to: str, status: int = 307) -> bytes:
    return whole(status, b"", Location=to)


def test_redirects_have_an_end() -> None:
    with raw_server(redirect("/v2/again")) as server, pytest.raises(RegistryError, match="redirects too many times"):
        asyncio.run(registry_at(server.host).blob(DIGEST))
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "ftp://x/y", "http://", "http://[::1", "http://x:99999/", "//:80", "http:///x\ty z"]
)
def test_a_redirect_to_what_is_no_place_is_one_clear_error(to: str) -> None:
    with raw_server(redirect(to)) as server, pytest.raises(RegistryError) as caught:
        asyncio.run(registry_at(server.host).blob(DIGEST))
    assert caught.value.where


def test_who_redirects_to_another_host_and_back_gets_no_credentials_there_nor_then() -> None:
    content = b"blob"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    challenge = whole(401, b"", WWW_Authenticate='Basic realm="x"')
    with raw_server(b"") as other, raw_server(b"") as server:
        other.answers = [[redirect(f"http://{server.host}/back")]]
        away = redirect(f"http://some:one@{other.host}/storage?signature=secret")
        server.answers = [[challenge], [away], [whole(200, content)]]
        assert asyncio.run(registry_at(server.host).blob(digest)) == content
    assert [b"uthorization" in request for request in server.requests] == [False, True, False]
    assert [b"uthorization" in request for request in other.requests] == [False]
    assert f"Host: {other.host}\r\n".encode() in other.requests[0]


# Uploads and tokens.


def test_a_gateway_that_refuses_a_body_before_it_has_come_is_heard() -> None:
    refusal = whole(413, b"<html>too large</html>", Content_Type="text/html")
    with raw_server([refusal]) as server:
        registry = registry_at(server.host)
        pieces = itertools.repeat(bytes(1024 * 1024), 64)
        response = registry.upload(f"http://{server.host}/upload", 64 * 1024 * 1024, pieces)
    assert response.status == 413


@pytest.mark.parametrize("token", ["a b", "top\\r\\nX-Injected: secret", "top\\u20acsecret", "top\\u0000secret", ""])
def test_a_token_that_is_none_becomes_no_header_and_is_in_no_error(token: str) -> None:
    with raw_server(b"") as server:
        challenge = whole(401, b"", WWW_Authenticate=f'Bearer realm="http://{server.host}/token"')
        server.answers = [[challenge], [whole(200, f'{{"token":"{token}"}}'.encode())]]
        with pytest.raises(AuthError, match="returned no token") as caught:
            find(registry_at(server.host))
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 2
