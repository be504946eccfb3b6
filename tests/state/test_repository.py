"""``ImageRepository``: what it registers, what is refused, former names; with Pulumi's mocks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest

from fast_container import ImageRepository
from fast_container.retained_repository import exists_already
from tests.state.mocked_program import Mocks, run


@dataclass
class Registered:
    """What the engine is given of one resource."""

    inputs: dict[str, Any]
    opts: pulumi.ResourceOptions


def registered(**arguments: Any) -> Registered:
    """The ECR repository that an ``ImageRepository`` of these arguments registers."""
    return all_registered(None, **arguments)["images-repository"]


def all_registered(mocks: Mocks | None, **arguments: Any) -> dict[str, Registered]:
    """Name → all that an ``ImageRepository`` of these arguments registers."""
    found: dict[str, Registered] = {}

    def look(args: pulumi.ResourceTransformationArgs) -> None:
        found[args.name] = Registered(dict(args.props), args.opts)

    async def make() -> None:
        opts = pulumi.ResourceOptions(transformations=[look])
        await ImageRepository("images", name="shop/images", opts=opts, **arguments).urn.future()

    run(make, mocks=mocks)
    return found


def test_a_repository_is_created_by_default_and_imported_with_adopt() -> None:
    assert not registered().opts.import_
    assert registered(adopt=True).opts.import_ == "shop/images"


def test_the_former_name_of_adopt_works_and_says_the_new_one() -> None:
    with pytest.warns(DeprecationWarning, match="ImageRepository 'images': the argument take_up is called adopt now"):
        assert registered(take_up=True).opts.import_ == "shop/images"
    with pytest.warns(DeprecationWarning):
        assert not registered(take_up=False).opts.import_


def test_nothing_is_said_of_names_that_are_not_used() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registered(adopt=True)


def test_a_repository_is_retained_unless_its_deletion_is_forced() -> None:
    plain, forced = registered(), registered(force_delete=True)
    # No input at all by default: a repository that is there already shows no change.
    assert plain.inputs["force_delete"] is None
    assert plain.opts.retain_on_delete
    assert forced.inputs["force_delete"] is True
    assert not forced.opts.retain_on_delete
    assert not registered(retain_on_delete=False).opts.retain_on_delete


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"force_delete": True, "retain_on_delete": True}, "force_delete cannot be combined with retain_on_delete"),
        ({"force_delete": 1}, "force_delete"),
        ({"retain_on_delete": "no"}, "retain_on_delete"),
        ({"adopt": None}, "adopt"),
        ({"take_up": "yes"}, "take_up"),
        ({"adopt": True, "take_up": True}, "take_up and adopt are both given"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(pulumi.RunError, match="ImageRepository 'images'") as refused:
        ImageRepository("images", name="shop/images", **arguments)
    assert said in str(refused.value)


def test_the_error_for_a_repository_that_exists_names_both_ways_on() -> None:
    said = str(exists_already("shop/images"))
    assert 'ImageRepository(…, name="shop/images", adopt=True)' in said
    assert 'ImageRepository.get("shop/images")' in said


KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"


class OneRepository(Mocks):
    """AWS has one repository, encrypted with a KMS key, or with AES256."""

    def __init__(self, key: str | None) -> None:
        self.encryption = {"encryptionType": "KMS", "kmsKey": key} if key else {"encryptionType": "AES256"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {"repositoryUrl": "host/shop/images", "encryptionConfigurations": [self.encryption]}


def test_policies_are_never_imported_since_a_repository_may_have_none() -> None:
    found = all_registered(OneRepository(None), adopt=True)
    assert found["images-repository"].opts.import_ == "shop/images"
    for policy in ("images-policy", "images-lifecycle"):
        assert not found[policy].opts.import_


@pytest.mark.parametrize(
    ("actual", "given", "advice"),
    [(KEY, None, f"Give kms_key='{KEY}'"), (None, KEY, "Leave kms_key out"), (KEY, KEY, ""), (None, None, "")],
)
def test_an_encryption_that_would_replace_the_adopted_repository_is_refused_with_the_one_it_has(
    actual: str | None, given: str | None, advice: str
) -> None:
    if not advice:
        assert all_registered(OneRepository(actual), adopt=True, kms_key=given)["images-repository"].opts.import_
        return
    with pytest.raises(pulumi.RunError) as refused:
        all_registered(OneRepository(actual), adopt=True, kms_key=given)
    assert advice in str(refused.value)
