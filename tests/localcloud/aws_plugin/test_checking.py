"""What a program may say, and what Check fills in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from localcloud.aws_plugin.catalogue import TYPES, resource_type
from localcloud.aws_plugin.checking import DEFAULTS, Naming, check_resource
from localcloud.aws_plugin.wire import UNKNOWN

REPOSITORY = "aws:ecr/repository:Repository"
FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
IMAGE = {"packageType": "Image", "imageUri": "r@sha256:0", "role": "arn:aws:iam::1:role/r"}


def check(
    token: str, news: dict[str, Any], olds: dict[str, Any] | None = None, **naming: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    named = Naming(**{"logical_name": "Images", "seed": b"s", **naming})
    inputs, failures = check_resource(resource_type(token), olds or {}, news, region="eu-west-1", naming=named)
    return inputs, dict(failures)


@pytest.mark.parametrize(
    ("token", "news", "path", "reason"),
    [
        (REPOSITORY, {"nam": "x"}, "nam", "unknown property"),
        (REPOSITORY, {"name": 3}, "name", "expected a string, got the number 3"),
        (REPOSITORY, {"forceDelete": "true"}, "forceDelete", "expected a boolean, got a string"),
        (REPOSITORY, {"tags": ["a"]}, "tags", "expected a map, got a list"),
        (REPOSITORY, {"tags": {"a": 1}}, "tags.a", "expected a string"),
        (REPOSITORY, {"imageTagMutability": "NO"}, "imageTagMutability", "expected one of"),
        (
            REPOSITORY,
            {"imageScanningConfiguration": {}},
            "imageScanningConfiguration.scanOnPush",
            "missing required",
        ),
        (
            REPOSITORY,
            {"encryptionConfigurations": [{"kms": "k"}]},
            "encryptionConfigurations[0].kms",
            "unknown property",
        ),
        (
            REPOSITORY,
            {"imageTagMutabilityExclusionFilters": [{"filter": "a", "filterType": "WILDCARD"}]},
            "imageTagMutabilityExclusionFilters",
            "IMMUTABLE_WITH_EXCLUSION",
        ),
        (FUNCTION, {"packageType": "Image", "imageUri": "r"}, "role", "missing required"),
        (FUNCTION, {"role": "arn:aws:iam::1:role/r"}, "packageType", "container images only"),
        (FUNCTION, {**IMAGE, "timeout": 901}, "timeout", "at most 900"),
        (FUNCTION, {**IMAGE, "timeout": 1.5}, "timeout", "expected a whole number"),
        (FUNCTION, {**IMAGE, "handler": "a.b"}, "handler", "does not support"),
        (FUNCTION, {**IMAGE, "architectures": ["arm"]}, "architectures[0]", "expected one of"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 2}, "retentionInDays", "expected one of 0, 1, 3"),
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "invalid JSON policy"),
    ],
)
def test_a_wrong_property_is_refused_with_its_path(token: str, news: dict[str, Any], path: str, reason: str) -> None:
    _, failures = check(token, news)
    assert reason in failures[path]


def test_an_automatic_name_is_the_logical_name_and_seven_hex_digits() -> None:
    inputs, _ = check(REPOSITORY, {})
    assert re.fullmatch(r"Images-[0-9a-f]{7}", inputs["name"])


def test_a_later_check_keeps_the_automatic_name() -> None:
    first, _ = check(REPOSITORY, {}, seed=b"one")
    second, _ = check(REPOSITORY, {}, first, seed=b"two")
    assert second["name"] == first["name"]


def test_a_name_of_ones_own_that_is_taken_away_becomes_an_automatic_one() -> None:
    first, _ = check(REPOSITORY, {"name": "mine"})
    second, _ = check(REPOSITORY, {}, first)
    assert second["name"].startswith("Images-")


def test_an_automatic_name_is_cut_to_the_types_length() -> None:
    inputs, _ = check(FUNCTION, IMAGE, logical_name="f" * 100)
    assert len(inputs["name"]) == 64


def test_the_projects_autonaming_is_followed() -> None:
    assert check(REPOSITORY, {}, proposed="shop-images", mode="enforce")[0]["name"] == "shop-images"
    assert "name" in check(REPOSITORY, {}, mode="disable")[1]


def test_region_and_defaults_are_filled_in_and_remembered_as_such() -> None:
    inputs, failures = check(FUNCTION, IMAGE)
    assert not failures
    assert (inputs["region"], inputs["timeout"], inputs["memorySize"]) == ("eu-west-1", 3, 128)
    assert {"region", "timeout", "name"} <= set(inputs[DEFAULTS])
    assert "role" not in inputs[DEFAULTS]


def test_types_without_a_region_get_none() -> None:
    assert "region" not in check(ROLE, {"assumeRolePolicy": "{}"})[0]


def test_a_policy_may_be_an_object() -> None:
    inputs, failures = check(ROLE, {"assumeRolePolicy": {"Version": "2012-10-17"}})
    assert not failures
    assert inputs["assumeRolePolicy"] == '{"Version":"2012-10-17"}'


def test_unknown_values_are_let_through() -> None:
    unknown_policy = {"assumeRolePolicy": {"Statement": [{"Resource": UNKNOWN}]}}
    assert check(ROLE, unknown_policy)[0]["assumeRolePolicy"] is UNKNOWN
    inputs, failures = check(FUNCTION, {**IMAGE, "imageUri": UNKNOWN, "environment": UNKNOWN})
    assert not failures
    assert inputs["imageUri"] is UNKNOWN


@pytest.mark.parametrize("token", TYPES)
def test_a_declaration_stands_under_its_own_token(token: str) -> None:
    assert resource_type(token).token == token
