"""What an answer of a registry means, and what is never believed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator

import pytest

from fast_container.adapters.registry.http_transport import ATTEMPTS, ATTEMPTS_WHEN_THROTTLED, HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.core.oci.media_types import MANIFEST_TYPES
from fast_container.core.ports import Credentials, Manifest
from fast_container.errors import AuthError, RegistryError
from tests.adapters.http_registry import HttpRegistry, http_registry

MANIFEST = b'{"schemaVersion":2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
OCI = "application/vnd.oci.image.manifest.v1+json"
USER = Credentials("AWS", "password")


@pytest.fixture
def server() -> Iterator[HttpRegistry]:
    with http_registry() as registry:
        yield registry


def client(server: HttpRegistry, name: str = "shop/images", **more: object) -> OciRegistry:
    pauses: list[float] = []
    transport = HttpTransport(sleep=pauses.append, timeout_s=2.0)
    registry = OciRegistry(f"{server.host}/{name}", transport=transport, **more)  # pyright: ignore[reportArgumentType]
    registry.pauses = pauses  # pyright: ignore[reportAttributeAccessIssue]
    return registry


def find(registry: OciRegistry, *tags: str) -> dict[str, Manifest]:
    return dict(asyncio.run(registry.find(tags)))


def test_a_tag_that_is_there_is_found_with_its_own_digest(server: HttpRegistry) -> None:
    server.tags["key-1"] = server.push(MANIFEST)
    assert find(client(server), "key-1", "key-2") == {"key-1": Manifest(DIGEST, OCI, MANIFEST)}


@pytest.mark.parametrize("media_type", MANIFEST_TYPES)
def test_every_kind_of_manifest_is_found(server: HttpRegistry, media_type: str) -> None:
    server.tags["key-1"] = server.push(MANIFEST, media_type)
    assert find(client(server), "key-1")["key-1"].media_type == media_type


def test_a_repository_that_is_not_there_holds_nothing(server: HttpRegistry) -> None:
    assert find(client(server, "shop/nope"), "key-1") == {}


def test_tagging_in_a_repository_that_is_not_there_says_so(server: HttpRegistry) -> None:
    with pytest.raises(RegistryError) as caught:
        asyncio.run(client(server, "shop/nope").tag(Manifest(DIGEST, OCI, MANIFEST), "key-1"))
    assert "NAME_UNKNOWN" in caught.value.why
    assert "Create the repository" in caught.value.next_step


@pytest.mark.parametrize("status", [400, 405, 410, 418, 451])
def test_any_other_status_is_an_error_and_never_absent(server: HttpRegistry, status: int) -> None:
    server.script = [status]
    with pytest.raises(RegistryError):
        find(client(server), "key-1")


def test_a_web_page_is_no_registry(server: HttpRegistry) -> None:
    server.script = [(404, {"Content_Type": "text/html"}, b"<html>")]
    with pytest.raises(RegistryError, match="web page"):
        find(client(server), "key-1")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(server: HttpRegistry, status: int) -> None:
    server.tags["key-1"] = server.push(MANIFEST)
    server.script = [status, status]
    registry = client(server)
    assert "key-1" in find(registry, "key-1")
    assert registry.pauses == [0.25, 0.5]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(("status", "attempts"), [(503, ATTEMPTS), (429, ATTEMPTS_WHEN_THROTTLED)])
def test_what_does_not_pass_is_an_error_in_the_end(server: HttpRegistry, status: int, attempts: int) -> None:
    server.script = [(status, {}, b'{"errors":[{"code":"SLOW","message":"Rate exceeded"}]}')] * attempts
    with pytest.raises(RegistryError) as caught:
        find(client(server), "key-1")
    assert "Rate exceeded" in caught.value.why
    assert len(server.requests) == attempts


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "TOOMANYREQUESTS"), (400, "ThrottlingException"), (503, "TOOMANYREQUESTS")],
)
def test_a_tag_that_is_put_too_fast_waits_until_the_registry_takes_it(
    server: HttpRegistry, status: int, code: str
) -> None:
    refusal = (status, {}, f'{{"errors":[{{"code":"{code}","message":"Rate exceeded"}}]}}'.encode())
    server.script = [(404, {}, b""), *[refusal] * 7]
    registry = client(server)
    assert asyncio.run(registry.tag(Manifest(DIGEST, OCI, MANIFEST), "key-1")) == DIGEST
    assert server.tags == {"key-1": DIGEST}
    assert registry.pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]  # pyright: ignore[reportAttributeAccessIssue]


def test_retry_after_is_respected_up_to_ten_seconds(server: HttpRegistry) -> None:
    server.script = [(429, {"Retry_After": "3"}, b""), (429, {"Retry_After": "3600"}, b"")]
    registry = client(server)
    find(registry, "key-1")
    assert registry.pauses == [3.0, 10.0]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_reset_connection_is_tried_again(server: HttpRegistry) -> None:
    server.tags["key-1"] = server.push(MANIFEST)
    server.script = ["reset", "reset"]
    assert "key-1" in find(client(server), "key-1")


def test_a_kept_connection_that_was_closed_costs_no_pause(server: HttpRegistry) -> None:
    registry = client(server)
    find(registry, "key-1")
    server.script = ["reset"]
    find(registry, "key-1")
    assert registry.pauses == []  # pyright: ignore[reportAttributeAccessIssue]


def test_an_unreachable_registry_is_one_clear_error() -> None:
    with http_registry() as server:
        host = server.host
    with pytest.raises(RegistryError, match="cannot be reached") as caught:
        asyncio.run(OciRegistry(f"{host}/shop/images").find(["key-1"]))
    assert caught.value.next_step


def test_connections_are_kept(server: HttpRegistry) -> None:
    registry = client(server)
    for n in range(10):
        find(registry, f"key-{n}")
    assert server.connections == 1


def test_credentials_are_sent_only_when_demanded_and_then_remembered(server: HttpRegistry) -> None:
    server.user = "AWS:password"
    asked: list[int] = []

    def credentials() -> Credentials:
        asked.append(1)
        return USER

    registry = client(server, credentials=credentials)
    find(registry, "key-1", "key-2", "key-3")
    find(registry, "key-4")
    assert len(asked) == 1
    assert sum("authorization" not in headers for _, _, headers in server.requests) <= 3


def test_wrong_credentials_are_an_auth_error_and_never_absent(server: HttpRegistry) -> None:
    server.user = "AWS:another"
    with pytest.raises(AuthError, match="refused the credentials") as caught:
        find(client(server, credentials=lambda: USER), "key-1")
    assert "password" not in str(caught.value)


def test_a_kept_token_that_has_expired_is_replaced(server: HttpRegistry) -> None:
    server.user = "AWS:new"
    passwords, forgotten = ["old", "new"], []

    def forget() -> None:
        forgotten.append(passwords.pop(0))

    registry = client(server, credentials=lambda: Credentials("AWS", passwords[0]), refused=forget)
    assert find(registry, "key-1") == {}
    assert forgotten == ["old"]


def test_missing_credentials_name_the_command_to_run(server: HttpRegistry) -> None:
    server.user = "AWS:password"
    with pytest.raises(AuthError) as caught:
        find(client(server), "key-1")
    assert caught.value.next_step == f"Log in: docker login {server.host}"


def test_a_denied_access_is_an_auth_error(server: HttpRegistry) -> None:
    server.script = [(403, {}, b'{"errors":[{"code":"DENIED","message":"not yours"}]}')]
    with pytest.raises(AuthError, match="denied") as caught:
        find(client(server), "key-1")
    assert "not yours" in caught.value.why


def test_a_bearer_token_is_fetched_with_the_credentials(server: HttpRegistry) -> None:
    server.user, server.bearer = "AWS:password", True
    server.tags["key-1"] = server.push(MANIFEST)
    assert "key-1" in find(client(server, credentials=lambda: USER), "key-1")
    assert "scope=repository%3Ashop%2Fimages%3Apull" in server.requests[1][1]
    assert "service=s%2C+x" in server.requests[1][1]


def test_an_expired_bearer_token_is_fetched_again(server: HttpRegistry) -> None:
    server.user, server.bearer = "AWS:password", True
    registry = client(server, credentials=lambda: USER)
    find(registry, "key-1")
    server.token = "another"
    assert find(registry, "key-1") == {}


def test_a_refused_token_request_is_an_auth_error(server: HttpRegistry) -> None:
    server.user, server.bearer = "AWS:another", True
    with pytest.raises(AuthError):
        find(client(server, credentials=lambda: USER), "key-1")


def test_a_tag_is_put_with_the_same_bytes_and_media_type(server: HttpRegistry) -> None:
    digest = server.push(MANIFEST)
    assert asyncio.run(client(server).tag(Manifest(digest, OCI, MANIFEST), "key-1")) == digest
    assert server.tags == {"key-1": digest}
    assert server.manifests[digest] == (OCI, MANIFEST)


@pytest.mark.parametrize("immutable", [True, False])
def test_a_tag_that_is_there_stays_and_its_digest_is_told(server: HttpRegistry, immutable: bool) -> None:
    server.immutable = immutable
    server.tags["key-1"] = other = server.push(b'{"schemaVersion":2,"x":1}')
    assert asyncio.run(client(server).tag(Manifest(DIGEST, OCI, MANIFEST), "key-1")) == other
    assert server.tags == {"key-1": other}


def test_losing_the_race_for_an_immutable_tag_tells_the_winner(server: HttpRegistry) -> None:
    server.tags["key-1"] = other = server.push(b'{"schemaVersion":2,"x":1}')
    server.script = [(404, {}, b"")]  # It was not there yet when it was looked for.
    assert asyncio.run(client(server).tag(Manifest(DIGEST, OCI, MANIFEST), "key-1")) == other


def test_a_refused_tag_that_is_not_there_is_an_error(server: HttpRegistry) -> None:
    refusal = b'{"errors":[{"code":"MANIFEST_INVALID","message":"bad"}]}'
    absent = (404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')
    server.script = [absent, (400, {}, refusal), absent]
    with pytest.raises(RegistryError, match="refused the tag") as caught:
        asyncio.run(client(server).tag(Manifest(DIGEST, OCI, MANIFEST), "key-1"))
    assert "MANIFEST_INVALID" in caught.value.why


def test_a_manifest_that_does_not_fit_its_digest_is_refused(server: HttpRegistry) -> None:
    server.manifests[DIGEST] = (OCI, b"something else")
    with pytest.raises(RegistryError, match="does not fit its digest"):
        asyncio.run(client(server).manifest(DIGEST))


def test_a_blob_that_does_not_fit_its_digest_is_refused(server: HttpRegistry) -> None:
    server.blobs[DIGEST] = b"something else"
    with pytest.raises(RegistryError, match="does not fit its digest"):
        asyncio.run(client(server).blob(DIGEST))


def test_a_redirected_blob_is_fetched_without_the_credentials(server: HttpRegistry) -> None:
    with http_registry() as storage:
        storage.blobs[DIGEST] = MANIFEST
        server.user, server.redirect_blobs_to = "AWS:password", f"http://{storage.host}"
        assert asyncio.run(client(server, credentials=lambda: USER).blob(DIGEST)) == MANIFEST
        assert [("authorization" in headers) for _, _, headers in storage.requests] == [False]


def test_a_signature_in_a_redirect_is_in_no_error(server: HttpRegistry) -> None:
    with http_registry() as storage:
        server.redirect_blobs_to = f"http://{storage.host}"
    with pytest.raises(RegistryError) as caught:
        asyncio.run(client(server).blob(DIGEST))
    assert "secret" not in str(caught.value)
