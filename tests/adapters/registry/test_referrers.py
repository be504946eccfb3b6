"""What is kept beside an image, as referrers of its digest: in the registry as ECR's clients meet it."""

from __future__ import annotations

import json
import threading

import pytest

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.adapters.registry.referrers import Referrers
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.artifact import Artifact, read_referrers
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError
from localcloud import LocalCloud
from tests.adapters.http_registry import http_registry
from tests.localcloud.registry_client import OCI_MANIFEST, RegistryClient, client, push_image, sha256

KIND = "application/vnd.example.record"
ARTIFACT = Artifact(KIND, {f"{KIND}+json": b'{"a": 1}', f"{KIND}.more": b"more"}, {"run": "a1"})


class Image:
    """An image in a repository of its own."""

    def __init__(self, cloud: LocalCloud, name: str) -> None:
        client(cloud, "ecr").create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
        self.registry, self.name = RegistryClient.of(cloud), name
        digest, content = push_image(self.registry, name, tag="v1")
        self.manifest = Manifest(digest, OCI_MANIFEST, content)
        registries = Registries(
            AwsAccess(region=cloud.region, access_key="test", secret_key="test", endpoints={"ecr": cloud.aws_endpoint}),
            {},
        )
        self.referrers = Referrers(lambda: registries.oci_blocking(f"{cloud.registry_host}/{name}"))


@pytest.fixture(scope="module")
def image(cloud: LocalCloud) -> Image:
    return Image(cloud, "with-referrers")


@pytest.mark.buildkit
def test_what_was_attached_is_found_by_the_images_digest_and_read(image: Image) -> None:
    attached = image.referrers.attach(ARTIFACT, image.manifest)
    (found,) = image.referrers.find(image.manifest.digest, KIND)
    assert (found.digest, found.annotations) == (attached, {"run": "a1"})
    assert image.referrers.document(found, f"{KIND}+json") == b'{"a": 1}'
    assert image.referrers.document(found, f"{KIND}.absent") is None
    assert image.referrers.find(image.manifest.digest, "application/vnd.example.other") == []
    assert image.referrers.find(sha256(b"another"), KIND) == []


@pytest.mark.buildkit
def test_the_same_twice_is_one(image: Image) -> None:
    again = image.referrers.attach(ARTIFACT, image.manifest), image.referrers.attach(ARTIFACT, image.manifest)
    assert len(set(again)) == 1
    assert len(image.referrers.find(image.manifest.digest, KIND)) == 1


@pytest.mark.buildkit
def test_the_images_tags_stay_as_they_are(image: Image) -> None:
    image.referrers.attach(ARTIFACT, image.manifest)
    tags = json.loads(image.registry.send("GET", f"/v2/{image.name}/tags/list").body)["tags"]
    assert tags == ["v1"]


@pytest.mark.buildkit
def test_a_registry_without_the_api_says_so(cloud: LocalCloud) -> None:
    """Distribution itself knows no referrers; the local cloud's base images lie there."""
    registries = Registries(AwsAccess(), {})
    plain = Referrers(lambda: registries.oci_blocking(f"{cloud.mirror_host}/library/python"))
    with pytest.raises(RegistryError, match="did not list"):
        plain.find(sha256(b"x"), KIND)


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"manifests": 5}', b'{"manifests": [{"digest": 5}]}'])
def test_a_list_that_is_none_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_referrers(content, KIND)


def test_an_entry_without_a_digest_is_left_out() -> None:
    entries = [{"artifactType": KIND, "digest": "../../v2"}, {"artifactType": KIND, "digest": sha256(b"x")}]
    assert [one.digest for one in read_referrers(json.dumps({"manifests": entries}).encode(), KIND)] == [sha256(b"x")]


def test_what_is_beside_an_image_waits_until_no_image_needs_the_rate() -> None:
    now = [100.0]
    rate, given_up = PutRate(now_s=lambda: now[0], sleep=lambda _: None), threading.Event()
    for _ in range(10):
        rate.wait()
    assert rate.wait_for_spare(given_up)
    for _ in range(10):
        rate.wait()
    given_up.set()
    assert not rate.wait_for_spare(given_up)
    given_up.clear()
    now[0] += 1.2
    assert rate.wait_for_spare(given_up)


def test_a_further_artifact_of_the_same_kind_takes_three_requests() -> None:
    """The upload of its own document, in two, and the manifest: the registry is not asked again for what all share."""
    asked: list[list[str]] = []
    with http_registry() as server:
        referrers, own = Referrers(lambda: OciRegistry(server.url)), f"{KIND}+json"
        for number in range(3):
            before, content = len(server.requests), b'{"n": %d}' % number
            subject = Manifest(sha256(content), OCI_MANIFEST, content)
            referrers.attach(Artifact(KIND, {own: content, f"{KIND}.more": b"more"}, {}), subject, unique={own})
            asked.append([method for method, _, _ in server.requests[before:]])
    assert (
        asked == [["HEAD", "POST", "PUT", "POST", "PUT", "HEAD", "POST", "PUT", "PUT"]] + [["POST", "PUT", "PUT"]] * 2
    )


@pytest.mark.buildkit
def test_what_is_given_up_is_not_put(image: Image) -> None:
    given_up = threading.Event()
    given_up.set()
    before = image.referrers.find(image.manifest.digest, KIND)
    other = Artifact(KIND, {f"{KIND}+json": b"late"}, {})
    assert image.referrers.attach(other, image.manifest, given_up) == ""
    assert image.referrers.find(image.manifest.digest, KIND) == before
