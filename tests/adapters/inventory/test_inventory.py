"""A repository and a bucket are read to the end of their lists; deleting tells what is gone and what stays."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from fast_container.adapters.inventory.ecr_images import EcrImages
from fast_container.adapters.inventory.ecr_settings import read_settings
from fast_container.adapters.inventory.s3_sources import S3Sources
from fast_container.core.cleanup.stored import StoredImage
from fast_container.errors import ArgsError, AuthError, RegistryError
from tests.adapters.aws_fakes import FakeClient, paged, refusal
from tests.core.cleanup.worlds import digest, key_tag

URL = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/a"
PUSHED = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)


def details(number: int, *tags: str, **fields: Any) -> dict[str, Any]:
    return {
        "imageDigest": digest(number),
        "imageTags": list(tags),
        "imagePushedAt": PUSHED,
        "imageSizeInBytes": 5,
        **fields,
    }


def manifest(image_id: dict[str, str]) -> dict[str, Any]:
    number = int(image_id["imageDigest"][7:], 16)
    content = {"config": {"digest": digest(100 + number), "size": 3}, "layers": [{"digest": digest(200), "size": 9}]}
    return {"imageId": image_id, "imageManifest": json.dumps(content)}


def ecr(**answers: Any) -> FakeClient:
    images = [details(1, key_tag(1)), details(2), details(3, subjectManifestDigest=digest(1))]

    def describe(**request: Any) -> Any:
        if "imageIds" not in request:
            return paged("imageDetails", images)(**request)
        wanted = {one["imageDigest"] for one in request["imageIds"]}
        found = [one for one in images if one["imageDigest"] in wanted]
        if len(found) < len(wanted):
            raise refusal("ImageNotFoundException")
        return {"imageDetails": found}

    return FakeClient(
        {
            "describe_images": describe,
            "batch_get_image": lambda **request: {"images": [manifest(one) for one in request["imageIds"]]},
            **answers,
        }
    )


def test_a_repository_is_read_to_its_end_with_what_its_manifests_say() -> None:
    client = ecr()
    found = EcrImages(URL, lambda: client, "123456789012").read()
    assert [one.digest for one in found] == [digest(1), digest(2), digest(3)]
    assert found[0] == StoredImage(
        URL,
        digest(1),
        (key_tag(1),),
        PUSHED.timestamp(),
        5,
        layers=(digest(200),),
        blobs={digest(101): 3, digest(200): 9},
    )
    assert found[2].subject == digest(1)
    assert client.calls[0][1] == {"repositoryName": "shop/a", "registryId": "123456789012", "maxResults": 1000}
    assert (client.count("describe_images"), client.count("batch_get_image")) == (3, 1)


def test_an_image_whose_manifest_cannot_be_read_stops_everything() -> None:
    for answer in (
        {"images": []},
        {"images": [{"imageId": {"imageDigest": digest(1)}, "imageManifest": "x"}]},
        {"failures": [{"imageId": {"imageDigest": digest(1)}, "failureCode": "KmsError"}]},
    ):
        client = ecr(batch_get_image=answer)
        with pytest.raises(RegistryError, match="An image of the repository cannot be read"):
            EcrImages(URL, lambda client=client: client).read()


def test_an_image_that_is_gone_since_it_was_listed_is_left_out() -> None:
    failures = [{"imageId": {"imageDigest": digest(n)}, "failureCode": "ImageNotFound"} for n in (1, 2)]
    client = ecr(batch_get_image=lambda **_: {"images": [manifest({"imageDigest": digest(3)})], "failures": failures})
    assert [one.digest for one in EcrImages(URL, lambda: client).read()] == [digest(3)]


def test_looking_again_leaves_out_what_is_gone_although_one_such_id_fails_the_call() -> None:
    client = ecr()
    images = [StoredImage(URL, digest(number), (), 0.0) for number in (1, 7, 2, 8)]
    found = EcrImages(URL, lambda: client).look(images)
    assert found == {digest(1): ((key_tag(1),), PUSHED.timestamp()), digest(2): ((), PUSHED.timestamp())}


def test_deleting_tells_what_is_gone_what_stays_and_what_failed() -> None:
    codes = {2: "ImageNotFound", 3: "ImageReferencedByManifestList", 4: "KmsError", 5: "ImageTagDoesNotMatchDigest"}
    failures = [{"imageId": {"imageDigest": digest(n)}, "failureCode": code} for n, code in codes.items()]
    client = ecr(batch_delete_image={"failures": failures})
    images = [StoredImage(URL, digest(number), (f"t{number}",), 0.0) for number in range(1, 6)]
    done = EcrImages(URL, lambda: client).delete(images)
    assert done.gone == (digest(1), digest(2))
    assert done.kept == {digest(3): "an index lists it", digest(5): "its tag was moved"}
    assert done.failed == {digest(4): "KmsError: "}


def test_an_image_of_which_a_failure_names_the_tag_alone_is_not_called_deleted() -> None:
    images = [StoredImage(URL, digest(number), (f"t{number}",), 0.0) for number in (1, 2)]
    client = ecr(batch_delete_image={"failures": [{"imageId": {"imageTag": "t2"}, "failureCode": "KmsError"}]})
    done = EcrImages(URL, lambda: client).delete(images)
    assert (done.gone, done.failed) == ((digest(1),), {digest(2): "KmsError: "})
    client = ecr(batch_delete_image={"failures": [{"failureCode": "KmsError"}]})
    with pytest.raises(RegistryError, match="does not say which image"):
        EcrImages(URL, lambda: client).delete(images)


def test_missing_permissions_and_a_missing_repository_are_named() -> None:
    with pytest.raises(AuthError, match="AWS denied ecr:DescribeImages"):
        EcrImages(URL, lambda: ecr(describe_images="AccessDeniedException")).read()
    with pytest.raises(AuthError, match="AWS denied ecr:BatchDeleteImage"):
        EcrImages(URL, lambda: ecr(batch_delete_image="AccessDeniedException")).delete([StoredImage(URL, "d", (), 0.0)])
    with pytest.raises(ArgsError, match="There is no such repository"):
        EcrImages(URL, lambda: ecr(describe_images="RepositoryNotFoundException")).read()


def test_a_repository_without_policies_lets_only_its_account_pull() -> None:
    none = {
        "get_repository_policy": "RepositoryPolicyNotFoundException",
        "get_registry_policy": "RegistryPolicyNotFoundException",
        "get_lifecycle_policy": "LifecyclePolicyNotFoundException",
    }
    found = read_settings(URL, lambda: FakeClient(none))
    assert (found.accounts, found.blind_rules) == (frozenset(), ())
    policy = {"Statement": [{"Effect": "Allow", "Action": "ecr:*", "Principal": "*"}]}
    rule = {"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any"}}]}
    both = {
        "get_repository_policy": {"policyText": json.dumps(policy)},
        "get_registry_policy": "RegistryPolicyNotFoundException",
        "get_lifecycle_policy": {"lifecyclePolicyText": json.dumps(rule)},
    }
    found = read_settings(URL, lambda: FakeClient(both))
    assert (found.accounts, found.blind_rules) == (frozenset("*"), (1,))


def test_a_bucket_is_read_to_its_end_and_deleting_tells_what_failed() -> None:
    contents = [{"Key": f"p/parts/{n}", "Size": n, "LastModified": PUSHED} for n in range(3)]
    client = FakeClient(
        {
            "list_objects_v2": paged("Contents", contents, "ContinuationToken", "NextContinuationToken"),
            "delete_objects": {"Errors": [{"Key": "p/parts/1", "Code": "AccessDenied", "Message": "no"}]},
        }
    )
    store = S3Sources("bucket", "p", lambda: client)
    found = store.read()
    assert [(one.key, one.size_bytes) for one in found] == [(f"p/parts/{n}", n) for n in range(3)]
    assert store.delete(found) == {"p/parts/1": "AccessDenied: no"}
    assert client.calls[-1][1]["Delete"]["Objects"] == [{"Key": one.key} for one in found]
