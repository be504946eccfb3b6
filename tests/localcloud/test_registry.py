"""The registry behaves as ECR's does where that differs from any other."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable

import pytest

from localcloud import LocalCloud
from tests.localcloud.registry_client import (
    OCI_INDEX,
    OCI_MANIFEST,
    RegistryClient,
    basic,
    make_index,
    push_image,
    sha256,
)

pytestmark = pytest.mark.buildkit


def test_without_credentials_nobody_comes_in(cloud: LocalCloud, repository: str) -> None:
    answer = RegistryClient(cloud.registry_host).send("GET", f"/v2/{repository}/tags/list")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("token", [basic("AWS", "guessed"), basic("root", "x"), "no base64"])
def test_unknown_credentials_are_refused(cloud: LocalCloud, token: str) -> None:
    assert RegistryClient(cloud.registry_host, token).send("GET", "/v2/").status == 401


def test_an_expired_token_is_refused_and_a_new_one_works(cloud: LocalCloud, registry: RegistryClient) -> None:
    assert registry.send("GET", "/v2/").status == 200
    cloud.expire_tokens()
    refused = registry.send("GET", "/v2/")
    assert (refused.status, refused.errors[0]["code"]) == (403, "DENIED")
    assert "expired" in refused.errors[0]["message"]
    assert RegistryClient.of(cloud).send("GET", "/v2/").status == 200


def test_a_repository_that_ecr_does_not_know_does_not_exist(registry: RegistryClient) -> None:
    for method, path in (("GET", "manifests/latest"), ("POST", "blobs/uploads/"), ("PUT", "manifests/latest")):
        answer = registry.send(method, f"/v2/never/made/{path}", b"{}" if method == "PUT" else None)
        assert (answer.status, answer.errors[0]["code"]) == (404, "NAME_UNKNOWN")


def test_base_images_are_not_in_the_account(registry: RegistryClient) -> None:
    assert registry.send("GET", "/v2/library/python/manifests/3.12-slim").errors[0]["code"] == "NAME_UNKNOWN"


def test_an_immutable_tag_is_refused_in_ecrs_words_even_for_the_same_digest(
    registry: RegistryClient, make_repository: Callable[..., str]
) -> None:
    name = make_repository("IMMUTABLE")
    _, manifest = push_image(registry, name, tag="v1")
    again = registry.put_manifest(name, "v1", manifest)
    assert again.status == 400
    assert again.errors == [
        {
            "code": "TAG_INVALID",
            "message": f"The image tag 'v1' already exists in the '{name}' repository and cannot be overwritten "
            "because the repository is immutable.",
        }
    ]
    assert registry.put_manifest(name, "v2", manifest).status == 201


def test_tags_that_match_an_exclusion_filter_stay_mutable(
    registry: RegistryClient, make_repository: Callable[..., str]
) -> None:
    filters = [{"filter": "cache*", "filterType": "WILDCARD"}]
    name = make_repository("IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters)
    for tag, second in (("cache-main", 201), ("cache", 201), ("cach", 400), ("v1", 400)):
        _, manifest = push_image(registry, name, tag=tag)
        assert registry.put_manifest(name, tag, manifest).status == second, tag


def test_a_mutable_tag_moves_and_the_old_image_stays(registry: RegistryClient, repository: str) -> None:
    first, _ = push_image(registry, repository, tag="t", files={"f": b"1"})
    second, _ = push_image(registry, repository, tag="t", files={"f": b"2"})
    head = registry.send("HEAD", f"/v2/{repository}/manifests/t", Accept=OCI_MANIFEST)
    assert head.headers["docker-content-digest"] == second
    assert registry.send("HEAD", f"/v2/{repository}/manifests/{first}", Accept=OCI_MANIFEST).status == 200


def test_the_digest_header_is_there_on_head_and_not_on_get(registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository, tag="t")
    head = registry.send("HEAD", f"/v2/{repository}/manifests/t", Accept=OCI_MANIFEST)
    get = registry.send("GET", f"/v2/{repository}/manifests/t", Accept=OCI_MANIFEST)
    assert (head.headers["docker-content-digest"], head.body) == (digest, b"")
    assert "docker-content-digest" not in get.headers
    assert get.body == manifest


def test_a_manifest_in_a_type_that_is_not_accepted_reads_as_absent(registry: RegistryClient, repository: str) -> None:
    push_image(registry, repository, tag="t")
    other = "application/vnd.docker.distribution.manifest.v2+json"
    assert registry.send("HEAD", f"/v2/{repository}/manifests/t", Accept=other).status == 404
    assert registry.send("HEAD", f"/v2/{repository}/manifests/t", Accept=f"{other}, {OCI_MANIFEST}").status == 200


def test_a_mount_from_another_repository_starts_an_ordinary_upload(
    registry: RegistryClient, make_repository: Callable[..., str]
) -> None:
    source, target = make_repository(), make_repository()
    blob = registry.push_blob(source, b"a layer")
    answer = registry.send("POST", f"/v2/{target}/blobs/uploads/?mount={blob['digest']}&from={source}")
    assert answer.status == 202
    assert registry.send("HEAD", f"/v2/{target}/blobs/{blob['digest']}").status == 404


def test_an_index_is_refused_until_its_children_are_there(registry: RegistryClient, repository: str) -> None:
    _, manifest = push_image(registry, repository, tag="child")
    missing = make_index(b'{"not":"there"}')
    assert registry.put_manifest(repository, "i", missing, OCI_INDEX).errors[0]["code"] == "MANIFEST_BLOB_UNKNOWN"
    index = make_index(manifest)
    assert registry.put_manifest(repository, "i", index, OCI_INDEX).status == 201
    got = registry.send("GET", f"/v2/{repository}/manifests/i", Accept=OCI_INDEX)
    assert sha256(got.body) == sha256(index)


def test_a_chunked_upload_arrives_whole(registry: RegistryClient, repository: str) -> None:
    parts = [b"x" * 100_000, b"y" * 5]
    started = registry.send("POST", f"/v2/{repository}/blobs/uploads/")
    location = started.headers["location"].removeprefix(f"http://{registry.host}")
    digest = sha256(b"".join(parts))
    separator = "&" if "?" in location else "?"
    done = registry.send("PUT", f"{location}{separator}digest={digest}", iter(parts))  # type: ignore[arg-type]
    assert done.status == 201
    assert registry.send("GET", f"/v2/{repository}/blobs/{digest}").body == b"".join(parts)


def test_what_is_refused_leaves_the_connection_usable(cloud: LocalCloud, repository: str) -> None:
    connection = http.client.HTTPConnection(cloud.registry_host, timeout=10)
    try:
        for _ in range(2):
            connection.request("PUT", f"/v2/{repository}/manifests/x", body=json.dumps({"a": 1}).encode())
            response = connection.getresponse()
            assert (response.status, b"Not Authorized" in response.read()) == (401, True)
    finally:
        connection.close()


def test_an_image_is_deleted_by_its_digest_and_not_by_a_tag(repository: str, registry: RegistryClient) -> None:
    digest, _ = push_image(registry, repository, tag="one")
    path = f"/v2/{repository}/manifests/"
    assert registry.send("DELETE", path + "one").errors[0]["code"] == "UNSUPPORTED"
    assert registry.send("DELETE", path + digest).status == 202
    for reference in (digest, "one"):
        assert registry.send("GET", path + reference, Accept=OCI_MANIFEST).status == 404
