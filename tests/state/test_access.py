"""AWS is reached as the stack does; a record holds no credential."""

from __future__ import annotations

import json

import pytest

from fast_container.core.aws_access import AssumedRole, AwsAccess
from fast_container.errors import ArgsError
from fast_container.state.access import access_of_record, access_of_stack, kept_by_record

CONFIG = {
    "region": "eu-west-1",
    "profile": "deploy",
    "assumeRoles": json.dumps([{"roleArn": "arn:aws:iam::1:role/a", "externalId": "x"}]),
    "endpoints": json.dumps([{"ecr": "http://127.0.0.1:1", "sts": "http://127.0.0.1:2"}]),
    "accessKey": "AKIA",
    "secretKey": "very-secret",
    "token": "also-secret",
}


def test_the_stacks_configuration_says_how_aws_is_reached() -> None:
    access = access_of_stack(CONFIG.get)
    assert access == AwsAccess(
        region="eu-west-1",
        profile="deploy",
        assume_roles=(AssumedRole("arn:aws:iam::1:role/a", external_id="x"),),
        endpoints={"ecr": "http://127.0.0.1:1", "sts": "http://127.0.0.1:2"},
        access_key="AKIA",
        secret_key="very-secret",
        session_token="also-secret",
    )


def test_what_is_not_configured_is_left_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert access_of_record({}, {}.get) == AwsAccess(region="us-west-2")
    assert access_of_stack({}.get) == AwsAccess(region="us-west-2")


def test_a_record_brings_back_everything_but_credentials() -> None:
    access = access_of_stack(CONFIG.get)
    record = kept_by_record(access)
    assert "secret" not in json.dumps(record)
    assert "AKIA" not in json.dumps(record)
    assert access_of_record(record, CONFIG.get) == access


def test_a_record_names_the_endpoints_of_its_registry_and_no_others() -> None:
    access = AwsAccess(region="eu-west-1", endpoints={"ecr": "http://a", "s3": "http://b", "sts": "http://c"})
    assert kept_by_record(access) == {"region": "eu-west-1", "endpoints": {"ecr": "http://a", "sts": "http://c"}}


def test_credentials_never_show_in_a_representation() -> None:
    assert "secret" not in repr(access_of_stack(CONFIG.get))


@pytest.mark.parametrize("value", ["{not json", "3", '["x"]'])
def test_configuration_that_cannot_be_read_is_named(value: str) -> None:
    with pytest.raises(ArgsError, match="aws:endpoints"):
        access_of_stack({"endpoints": value}.get)
