"""ECR's image calls say what the registry holds, with ECR's own failures and errors."""

from __future__ import annotations

import base64
import datetime
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import LocalCloud
from tests.localcloud.registry_client import (
    OCI_INDEX,
    OCI_MANIFEST,
    RegistryClient,
    make_index,
    push_image,
    sha256,
)

pytestmark = pytest.mark.buildkit
ABSENT = "sha256:" + "0" * 64


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return raised.value.response["Error"]["Code"]


def test_the_repository_uri_names_this_clouds_registry(cloud: LocalCloud, ecr: Any, repository: str) -> None:
    described = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    assert described["repositoryUri"] == f"{cloud.registry_host}/{repository}"
    assert described["repositoryArn"].startswith(f"arn:aws:ecr:{cloud.region}:{cloud.account_id}:repository/")


def test_a_token_is_for_aws_and_twelve_hours(cloud: LocalCloud, ecr: Any) -> None:
    data = ecr.get_authorization_token()["authorizationData"][0]
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    assert data["proxyEndpoint"] == f"http://{cloud.registry_host}"
    left = data["expiresAt"] - datetime.datetime.now(datetime.UTC)
    assert abs(left.total_seconds() - 12 * 3600) < 60


@pytest.mark.parametrize("name", ["a--b", "a__b/c", "1a"])
def test_names_that_ecr_allows_are_allowed(ecr: Any, name: str) -> None:
    ecr.create_repository(repositoryName=name)
    ecr.delete_repository(repositoryName=name)


@pytest.mark.parametrize("name", ["A", "a-", "a//b", "a___b", "x"])
def test_names_that_ecr_refuses_are_refused(ecr: Any, name: str) -> None:
    if len(name) < 2:  # botocore checks the length before it asks
        name = f"{name}."
    assert code_of(ecr.create_repository, repositoryName=name) == "InvalidParameterException"


def test_one_call_answers_for_present_and_absent_images(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository, tag="here")
    ids = [{"imageTag": "here"}, {"imageTag": "gone"}, {"imageDigest": ABSENT}, {"imageDigest": digest}]
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=ids, acceptedMediaTypes=[OCI_MANIFEST])
    assert [image["imageId"] for image in answer["images"]] == [
        {"imageTag": "here", "imageDigest": digest},
        {"imageDigest": digest},
    ]
    assert answer["images"][0]["imageManifest"].encode() == manifest
    assert answer["images"][0]["imageManifestMediaType"] == OCI_MANIFEST
    assert [(failure["imageId"], failure["failureCode"]) for failure in answer["failures"]] == [
        ({"imageTag": "gone"}, "ImageNotFound"),
        ({"imageDigest": ABSENT}, "ImageNotFound"),
    ]


def test_each_kind_of_bad_id_has_its_failure_code(ecr: Any, registry: RegistryClient, repository: str) -> None:
    push_image(registry, repository, tag="t")
    ids = [{"imageTag": "t", "imageDigest": ABSENT}, {"imageDigest": "sha256:zz"}, {}]
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=ids)
    assert [failure["failureCode"] for failure in answer["failures"]] == [
        "ImageTagDoesNotMatchDigest",
        "InvalidImageDigest",
        "MissingDigestAndTag",
    ]


def test_more_than_a_hundred_ids_are_refused(ecr: Any, repository: str) -> None:
    ids = [{"imageTag": f"t{number}"} for number in range(101)]
    for call in (ecr.batch_get_image, ecr.batch_delete_image, ecr.describe_images):
        assert code_of(call, repositoryName=repository, imageIds=ids) == "InvalidParameterException"


def test_a_missing_repository_fails_every_image_call(ecr: Any) -> None:
    ids = [{"imageTag": "t"}]
    for call, more in (
        (ecr.batch_get_image, {"imageIds": ids}),
        (ecr.describe_images, {}),
        (ecr.list_images, {}),
        (ecr.put_image, {"imageManifest": "{}"}),
        (ecr.batch_delete_image, {"imageIds": ids}),
    ):
        assert code_of(call, repositoryName="not/made", **more) == "RepositoryNotFoundException"


def test_one_missing_id_fails_describe_images_as_a_whole(ecr: Any, registry: RegistryClient, repository: str) -> None:
    push_image(registry, repository, tag="t")
    ids = [{"imageTag": "t"}, {"imageTag": "gone"}]
    assert code_of(ecr.describe_images, repositoryName=repository, imageIds=ids) == "ImageNotFoundException"


def test_an_image_is_described_as_it_was_pushed(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository, tag="t")
    registry.put_manifest(repository, "u", manifest)
    (details,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    document = json.loads(manifest)
    size = document["config"]["size"] + sum(layer["size"] for layer in document["layers"])
    assert (details["imageDigest"], details["imageTags"]) == (digest, ["t", "u"])
    assert (details["imageSizeInBytes"], details["imageManifestMediaType"]) == (size, OCI_MANIFEST)
    age = datetime.datetime.now(datetime.UTC) - details["imagePushedAt"]
    assert age.total_seconds() < 60


def test_an_index_is_as_large_as_its_largest_child(ecr: Any, registry: RegistryClient, repository: str) -> None:
    _, small = push_image(registry, repository, files={"f": b"1"})
    large_digest, large = push_image(registry, repository, files={"f": bytes(range(256)) * 40})
    registry.put_manifest(repository, "i", make_index(small, large), OCI_INDEX)
    details = ecr.describe_images(
        repositoryName=repository, imageIds=[{"imageTag": "i"}, {"imageDigest": large_digest}]
    )
    index, child = details["imageDetails"]
    assert index["imageSizeInBytes"] == child["imageSizeInBytes"]
    assert index["imageManifestMediaType"] == OCI_INDEX
    assert "artifactMediaType" not in index


def test_pages_and_filters_give_every_image_once(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digests = {push_image(registry, repository, files={"f": bytes([number])})[0] for number in range(3)}
    tagged, _ = push_image(registry, repository, tag="t", files={"f": b"tagged"})
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository, PaginationConfig={"PageSize": 2})
    listed = [one for page in pages for one in page["imageIds"]]
    assert {one["imageDigest"] for one in listed} == {*digests, tagged}
    assert len(listed) == 4
    untagged = ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert {one["imageDigest"] for one in untagged} == digests
    assert ecr.list_images(repositoryName=repository, filter={"tagStatus": "TAGGED"})["imageIds"] == [
        {"imageDigest": tagged, "imageTag": "t"}
    ]


def test_tagging_a_pushed_digest_needs_no_upload(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository)
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest.decode(), imageTag="key-1")["image"]
    assert image["imageId"] == {"imageDigest": digest, "imageTag": "key-1"}
    assert (
        registry.send("HEAD", f"/v2/{repository}/manifests/key-1", Accept=OCI_MANIFEST).headers["docker-content-digest"]
        == digest
    )


@pytest.mark.parametrize(
    ("mutability", "same", "other"),
    [
        ("MUTABLE", "ImageAlreadyExistsException", ""),
        ("IMMUTABLE", "ImageTagAlreadyExistsException", "ImageTagAlreadyExistsException"),
    ],
)
def test_a_tag_that_is_there(
    ecr: Any, registry: RegistryClient, make_repository: Callable[..., str], mutability: str, same: str, other: str
) -> None:
    name = make_repository(mutability)
    _, first = push_image(registry, name, tag="t", files={"f": b"1"})
    second_digest, second = push_image(registry, name, files={"f": b"2"})
    arguments = {"repositoryName": name, "imageTag": "t"}
    assert code_of(ecr.put_image, **arguments, imageManifest=first.decode()) == same
    if other:
        assert code_of(ecr.put_image, **arguments, imageManifest=second.decode()) == other
    else:
        ecr.put_image(**arguments, imageManifest=second.decode())
        (image,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "t"}])["images"]
        assert image["imageId"]["imageDigest"] == second_digest


def test_put_image_checks_digest_layers_children_and_type(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository, tag="t")
    document = json.loads(manifest)
    put = {"repositoryName": repository}
    assert (
        code_of(ecr.put_image, **put, imageManifest=manifest.decode(), imageTag="x", imageDigest=ABSENT)
        == "ImageDigestDoesNotMatchException"
    )
    assert code_of(ecr.put_image, **put, imageManifest=manifest.decode()) == "ImageAlreadyExistsException"
    missing = {**document, "layers": [{**document["layers"][0], "digest": ABSENT}]}
    assert code_of(ecr.put_image, **put, imageManifest=json.dumps(missing)) == "LayersNotFoundException"
    index = make_index(b"{}").decode()
    assert code_of(ecr.put_image, **put, imageManifest=index) == "ReferencedImagesNotFoundException"
    untyped = {name: value for name, value in document.items() if name != "mediaType"}
    assert code_of(ecr.put_image, **put, imageManifest=json.dumps(untyped)) == "InvalidParameterException"
    typed = ecr.put_image(**put, imageManifest=json.dumps(untyped), imageManifestMediaType=OCI_MANIFEST)
    assert typed["image"]["imageId"]["imageDigest"] != digest


def test_removing_the_last_tag_deletes_the_image(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository, tag="a")
    registry.put_manifest(repository, "b", manifest)
    removed = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "a"}])
    assert removed["imageIds"] == [{"imageDigest": digest, "imageTag": "a"}]
    assert registry.send("HEAD", f"/v2/{repository}/manifests/{digest}", Accept=OCI_MANIFEST).status == 200
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "b"}])
    assert registry.send("HEAD", f"/v2/{repository}/manifests/{digest}", Accept=OCI_MANIFEST).status == 404
    assert ecr.describe_images(repositoryName=repository)["imageDetails"] == []


def test_deleting_by_digest_takes_all_tags_and_says_what_it_could_not(
    ecr: Any, registry: RegistryClient, repository: str
) -> None:
    digest, manifest = push_image(registry, repository, tag="a")
    registry.put_manifest(repository, "b", manifest)
    answer = ecr.batch_delete_image(
        repositoryName=repository, imageIds=[{"imageDigest": digest}, {"imageTag": "never"}]
    )
    assert {one["imageTag"] for one in answer["imageIds"]} == {"a", "b"}
    assert [one["failureCode"] for one in answer["failures"]] == ["ImageNotFound"]
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []


def test_a_child_of_an_index_is_not_deleted(ecr: Any, registry: RegistryClient, repository: str) -> None:
    digest, manifest = push_image(registry, repository)
    registry.put_manifest(repository, "i", make_index(manifest), OCI_INDEX)
    answer = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    assert [one["failureCode"] for one in answer["failures"]] == ["ImageReferencedByManifestList"]


def test_a_repository_with_images_is_deleted_by_force_only(ecr: Any, registry: RegistryClient, repository: str) -> None:
    push_image(registry, repository, tag="t")
    assert code_of(ecr.delete_repository, repositoryName=repository) == "RepositoryNotEmptyException"
    ecr.delete_repository(repositoryName=repository, force=True)
    ecr.create_repository(repositoryName=repository)
    assert ecr.list_images(repositoryName=repository)["imageIds"] == []
    assert registry.send("HEAD", f"/v2/{repository}/manifests/t", Accept=OCI_MANIFEST).status == 404


def test_layers_are_known_and_can_be_downloaded(ecr: Any, registry: RegistryClient, repository: str) -> None:
    blob = registry.push_blob(repository, b"layer content")
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[blob["digest"], ABSENT])
    assert [one["layerAvailability"] for one in answer["layers"]] == ["AVAILABLE", "UNAVAILABLE"]
    assert answer["layers"][0]["layerSize"] == blob["size"]
    push_image(registry, repository)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=blob["digest"])["downloadUrl"]
    with urllib.request.urlopen(url) as response:
        assert sha256(response.read()) == blob["digest"]
    missing = {"repositoryName": repository, "layerDigest": ABSENT}
    assert code_of(ecr.get_download_url_for_layer, **missing) == "LayersNotFoundException"


def test_another_region_is_another_account_of_images(
    cloud: LocalCloud, registry: RegistryClient, repository: str
) -> None:
    push_image(registry, repository, tag="t")

    elsewhere = boto3.client(
        "ecr",
        endpoint_url=cloud.aws_endpoint,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    assert code_of(elsewhere.describe_images, repositoryName=repository) == "RepositoryNotFoundException"
