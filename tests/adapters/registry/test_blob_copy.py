"""An image goes from one repository to another: what travels, what does not, and what is never put."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator

import pytest

from fast_container.adapters.registry.blob_copy import RegistryCopier
from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.core.ports import Credentials, Manifest
from fast_container.errors import BuilderError, RegistryError
from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.build.fakes import OCI_INDEX, OCI_MANIFEST, ListReporter

LAYER = bytes(range(256)) * 40
CONFIG = b'{"os":"linux","architecture":"arm64"}'


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def source() -> Iterator[HttpRegistry]:
    with http_registry() as registry:
        yield registry


@pytest.fixture
def target() -> Iterator[HttpRegistry]:
    with http_registry() as registry:
        yield registry


def push(registry: HttpRegistry) -> Manifest:
    """An image of two blobs, without a tag."""
    document = {
        "schemaVersion": 2,
        "config": {"mediaType": "c", "digest": sha256(CONFIG), "size": len(CONFIG)},
        "layers": [
            {"mediaType": "l", "digest": sha256(LAYER), "size": len(LAYER)},
            {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": "far", "size": 9},
        ],
    }
    registry.blobs |= {sha256(CONFIG): CONFIG, sha256(LAYER): LAYER}
    return pushed(registry, json.dumps(document).encode(), OCI_MANIFEST)


def pushed(registry: HttpRegistry, content: bytes, media_type: str) -> Manifest:
    return Manifest(registry.push(content, media_type), media_type, content)


def copy(manifest: Manifest, source: HttpRegistry, target: HttpRegistry) -> tuple[int, ListReporter]:
    reporter = ListReporter()
    transport = HttpTransport(sleep=lambda _: None, timeout_s=2.0)

    def oci_of(url: str) -> OciRegistry:
        return OciRegistry(url, lambda: Credentials("AWS", "password"), transport=transport)

    async def scenario() -> int:
        copier = RegistryCopier(oci_of, piece_bytes=1000)
        return await copier.copy(manifest, source.url, target.url, reporter)

    return asyncio.run(scenario()), reporter


def test_blobs_and_manifest_arrive_by_digest_and_no_tag_is_put(source: HttpRegistry, target: HttpRegistry) -> None:
    manifest = push(source)
    sent, reporter = copy(manifest, source, target)
    assert sent == len(LAYER) + len(CONFIG)
    assert target.blobs == {sha256(CONFIG): CONFIG, sha256(LAYER): LAYER}
    assert target.manifests == {manifest.digest: (OCI_MANIFEST, manifest.content)}
    assert target.tags == {}
    assert reporter.progressed[-1] == f"copying from {source.url}: 0.1 MB"


def test_the_manifest_comes_after_all_that_it_names(source: HttpRegistry, target: HttpRegistry) -> None:
    copy(push(source), source, target)
    assert "/manifests/" in target.paths("PUT")[-1]
    assert all("/blobs/" in path for path in target.paths("PUT")[:-1])


def test_a_blob_is_read_in_pieces(source: HttpRegistry, target: HttpRegistry) -> None:
    copy(push(source), source, target)
    asked = [headers["range"] for _, path, headers in source.requests if path.endswith(sha256(LAYER))]
    assert asked[:2] == ["bytes=0-999", "bytes=1000-1999"]
    assert len(asked) == 11


def test_a_registry_without_ranges_gives_the_whole_blob(source: HttpRegistry, target: HttpRegistry) -> None:
    source.ranges = False
    copy(push(source), source, target)
    assert target.blobs[sha256(LAYER)] == LAYER


def test_what_is_there_is_not_sent_again(source: HttpRegistry, target: HttpRegistry) -> None:
    manifest = push(source)
    target.blobs[sha256(LAYER)] = LAYER
    assert copy(manifest, source, target)[0] == len(CONFIG)
    assert copy(manifest, source, target)[0] == 0
    assert len(target.paths("POST")) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_registry_that_lets_nobody_look_for_blobs_is_sent_them(
    source: HttpRegistry, target: HttpRegistry, status: int
) -> None:
    """As ECR Public does."""
    manifest = push(source)
    target.heads = status
    assert copy(manifest, source, target)[0] == len(CONFIG) + len(LAYER)
    assert set(target.blobs) == {sha256(CONFIG), sha256(LAYER)}
    assert manifest.digest in target.manifests


@pytest.mark.parametrize("status", [302, 307])
def test_a_blob_that_the_registry_redirects_to_is_there(
    source: HttpRegistry, target: HttpRegistry, status: int
) -> None:
    manifest = push(source)
    target.heads = status
    assert copy(manifest, source, target)[0] == 0
    assert manifest.digest in target.manifests


def test_within_a_registry_blobs_are_mounted_where_that_is_allowed(target: HttpRegistry) -> None:
    manifest = push(target)
    target.elsewhere, target.blobs = target.blobs, {}
    content = target.manifests.pop(manifest.digest)
    target.mounts = True
    sent, _ = copy(manifest, target, target)
    assert sent == 0
    assert {path.partition("&from=")[2] for path in target.paths("POST")} == {"shop/images"}
    assert target.manifests[manifest.digest] == content


def test_a_mount_that_the_registry_does_not_do_becomes_an_upload(target: HttpRegistry) -> None:
    manifest = push(target)
    target.elsewhere, target.blobs = target.blobs, {}
    del target.manifests[manifest.digest]
    sent, _ = copy(manifest, target, target)
    assert sent == len(LAYER) + len(CONFIG)
    assert all("mount=" in path for path in target.paths("POST"))
    assert len(target.paths("POST")) == 2


def test_all_images_of_an_index_come_before_the_index(source: HttpRegistry, target: HttpRegistry) -> None:
    child = push(source)
    document = {"manifests": [{"digest": child.digest, "size": len(child.content), "mediaType": OCI_MANIFEST}]}
    index = pushed(source, json.dumps(document).encode(), OCI_INDEX)
    copy(index, source, target)
    assert list(target.manifests) == [child.digest, index.digest]


def test_credentials_are_given_to_an_upload_at_the_registry_itself(source: HttpRegistry, target: HttpRegistry) -> None:
    source.user = target.user = "AWS:password"
    copy(push(source), source, target)
    assert sha256(LAYER) in target.blobs


def test_a_blob_that_does_not_fit_its_digest_never_arrives(source: HttpRegistry, target: HttpRegistry) -> None:
    manifest = push(source)
    source.blobs[sha256(LAYER)] = LAYER[:-1] + b"x"
    with pytest.raises(RegistryError, match="does not fit its digest"):
        copy(manifest, source, target)
    assert sha256(LAYER) not in target.blobs
    assert target.manifests == {}


def test_a_blob_that_the_source_has_lost_is_an_error_and_no_manifest_is_put(
    source: HttpRegistry, target: HttpRegistry
) -> None:
    manifest = push(source)
    del source.blobs[sha256(LAYER)]
    with pytest.raises(RegistryError, match="did not return the blob"):
        copy(manifest, source, target)
    assert target.manifests == {}


def test_an_upload_that_breaks_off_is_begun_again(source: HttpRegistry, target: HttpRegistry) -> None:
    manifest = push(source)
    target.blobs[sha256(CONFIG)] = CONFIG
    target.break_uploads = 1
    assert copy(manifest, source, target)[0] > len(LAYER)
    assert target.blobs[sha256(LAYER)] == LAYER
    assert len(target.paths("POST")) == 2


def test_a_copy_that_is_cancelled_puts_no_manifest(source: HttpRegistry, target: HttpRegistry) -> None:
    manifest = push(source)

    class Cancels(ListReporter):
        def progress(self, line: str) -> None:
            task.cancel()

    async def scenario() -> None:
        nonlocal task
        copier = RegistryCopier(OciRegistry, piece_bytes=1000)
        task = asyncio.ensure_future(copier.copy(manifest, source.url, target.url, Cancels()))
        await task

    task: asyncio.Future[int]
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())
    assert target.manifests == {}


def test_nothing_is_copied_once_nothing_new_may_begin(source: HttpRegistry, target: HttpRegistry) -> None:
    def refuse() -> None:
        raise BuilderError("Not begun: the run was interrupted.")

    manifest = push(source)

    async def scenario() -> None:
        await RegistryCopier(OciRegistry, refuse).copy(manifest, source.url, target.url, ListReporter())

    with pytest.raises(BuilderError):
        asyncio.run(scenario())
    assert target.requests == []


def test_manifests_are_put_at_ecrs_rate() -> None:
    now, slept = [100.0], list[float]()

    def sleep(pause_s: float) -> None:
        slept.append(pause_s)
        now[0] += pause_s

    rate = PutRate(now_s=lambda: now[0], sleep=sleep)
    for _ in range(40):
        rate.wait()
    assert slept == [pytest.approx(0.1)] * 20  # the tags of twenty images go at once
    now[0] += 5
    rate.wait()
    assert len(slept) == 20


def test_nothing_is_taken_for_saved_up_once_the_registry_has_throttled() -> None:
    now, slept = [100.0], list[float]()
    rate = PutRate(now_s=lambda: now[0], sleep=slept.append)
    rate.wait()
    rate.throttled()
    rate.throttled()
    for _ in range(2):
        rate.wait()
    assert slept == [pytest.approx(0.1), pytest.approx(0.2)]
