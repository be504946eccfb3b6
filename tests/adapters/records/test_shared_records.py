"""Which image a record is put beside."""

from __future__ import annotations

import hashlib

import pytest

from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.core.cleanup.stored import facts_of
from fast_container.core.ports import Manifest
from fast_container.core.records.record import BuildRecord
from tests.adapters.http_registry import HttpRegistry, http_registry

OCI = "application/vnd.oci.image.manifest.v1+json"


def image(number: int) -> Manifest:
    content = b'{"schemaVersion":2,"n":%d}' % number
    return Manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", OCI, content)


def record(server: HttpRegistry, of: Manifest) -> BuildRecord:
    return BuildRecord(
        name="api",
        repository_url=server.url,
        key="0" * 64,
        digest=of.digest,
        outcome="built",
        started=1.0,
        duration_s=1.0,
    )


def test_the_manifest_of_another_image_is_not_taken_for_the_records() -> None:
    with http_registry() as server:
        of = image(1)
        server.push(of.content)
        shared = SharedRecords(lambda _: OciRegistry(server.url), pytest.fail)
        shared.begin(record(server, of), None, image(2))
        shared.end(20.0)
        assert server.paths("GET") == [f"/v2/shop/images/manifests/{of.digest}"]
        (beside,) = (content for _, content in server.manifests.values() if b'"subject"' in content)
    assert of.digest.encode() in beside


def test_a_record_names_its_image_and_the_bases_that_clean_up_keeps() -> None:
    with http_registry() as server:
        of = image(1)
        server.push(of.content)
        shared = SharedRecords(lambda _: OciRegistry(server.url), pytest.fail)
        shared.begin(record(server, of), None, of, ["b" * 64, "a" * 64])
        shared.end(20.0)
        (beside,) = (content for _, content in server.manifests.values() if b'"subject"' in content)
    facts = facts_of(beside)
    assert (facts.subject, facts.image_name) == (of.digest, "api")
    assert facts.bases == (f"key-{'a' * 40}", f"key-{'b' * 40}")
