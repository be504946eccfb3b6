"""AWS is reached as the stack does; a record holds no credential."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fast_container.core.aws_access import AssumedRole, AwsAccess
from fast_container.errors import ArgsError
from fast_container.state.access import (
    access_of_record,
    access_of_stack,
    kept_by_record,
    refuse_keys_that_are_lost,
)

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


@pytest.mark.parametrize(("text", "seconds"), [("1h", 3600), ("1h30m", 5400), ("900s", 900), ("", 0)])
def test_all_that_the_provider_says_of_a_role_is_followed_and_kept(text: str, seconds: int) -> None:
    role = {
        "roleArn": "arn:aws:iam::1:role/a",
        "duration": text,
        "policyArns": ["arn:aws:iam::1:policy/p"],
        "tags": {"team": "shop", "env": "dev"},
        "transitiveTagKeys": ["team"],
    }
    access = access_of_stack({"assumeRoles": json.dumps([role]), "useFipsEndpoint": "true"}.get)
    (assumed,) = access.assume_roles
    assert assumed.duration_s == seconds
    assert assumed.policy_arns == ("arn:aws:iam::1:policy/p",)
    assert assumed.tags == (("env", "dev"), ("team", "shop"))
    assert assumed.transitive_tags == ("team",)
    assert access.use_fips
    record = json.loads(json.dumps(kept_by_record(access)))
    assert access_of_record(record, {}.get) == access


def test_a_duration_that_is_none_is_refused() -> None:
    roles = json.dumps([{"roleArn": "arn:aws:iam::1:role/a", "duration": "soon"}])
    with pytest.raises(ArgsError, match="is not a duration"):
        access_of_stack({"assumeRoles": roles}.get)


def test_a_web_identity_is_of_a_machine_and_not_of_a_record(tmp_path: Path) -> None:
    identity = {"roleArn": "arn:aws:iam::1:role/ci", "webIdentityTokenFile": str(tmp_path / "token")}
    config = {"assumeRoleWithWebIdentity": json.dumps(identity)}
    access = access_of_stack(config.get)
    assert access.web_identity is not None
    record = kept_by_record(access)
    assert "token" not in json.dumps(record)
    assert access_of_record(record, config.get).web_identity == access.web_identity
    with pytest.raises(ArgsError, match="has no token"):
        access_of_stack({"assumeRoleWithWebIdentity": json.dumps({"roleArn": "arn:aws:iam::1:role/ci"})}.get)


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("customCaBundle", "AWS_CA_BUNDLE"),
        ("httpProxy", "HTTP_PROXY"),
        ("httpsProxy", "HTTPS_PROXY"),
        ("noProxy", "NO_PROXY"),
        ("sharedConfigFiles", "AWS_CONFIG_FILE"),
        ("sharedCredentialsFiles", "AWS_SHARED_CREDENTIALS_FILE"),
    ],
)
def test_what_the_provider_alone_would_follow_is_refused_with_what_both_follow(
    setting: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (variable, variable.lower()):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ArgsError, match=f"Set {variable} in the environment"):
        access_of_stack({setting: "somewhere"}.get)
    monkeypatch.setenv(variable, "somewhere")
    assert access_of_stack({setting: "somewhere"}.get)


KEYS = AwsAccess(access_key="AKIAPROGRAM", secret_key="secret-of-the-program")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"


@pytest.mark.parametrize("url", [ECR, None])
def test_keys_that_the_record_could_not_have_are_refused(url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ArgsError, match="cannot be recorded with access keys") as caught:
        refuse_keys_that_are_lost(KEYS, url)
    assert "secret-of-the-program" not in str(caught.value)
    refuse_keys_that_are_lost(KEYS, "ghcr.io/shop/images")
    refuse_keys_that_are_lost(AwsAccess(profile="deploy"), url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
    refuse_keys_that_are_lost(KEYS, url)


def test_keys_of_the_stacks_configuration_are_the_records_too(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"accessKey": KEYS.access_key, "secretKey": KEYS.secret_key}
    monkeypatch.setattr("pulumi.Config.get", lambda _self, key: config.get(key))
    refuse_keys_that_are_lost(KEYS, ECR)
