"""AWS clients as the stack has them, and the SDK's errors as ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import botocore.exceptions
import pytest
from moto import mock_aws

from fast_container.adapters.aws_session import AwsSession, aws_errors
from fast_container.core.aws_access import AssumedRole, AwsAccess, WebIdentity
from fast_container.errors import AuthError, RegistryError


@pytest.fixture(autouse=True)
def _no_ambient_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (botocore.exceptions.NoCredentialsError(), AuthError, "no AWS credentials"),
        (botocore.exceptions.NoRegionError(), AuthError, "region is not known"),
        (botocore.exceptions.ProfileNotFound(profile="x"), AuthError, "profile does not exist"),
        (botocore.exceptions.SSOTokenLoadError(error_msg="x"), AuthError, "could not be obtained"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="http://x"), RegistryError, "cannot be reached"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="http://x"), RegistryError, "cannot be reached"),
    ],
)
def test_each_error_of_the_sdk_is_one_of_ours(error: Exception, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said) as caught, aws_errors("ecr:X", "here"):
        raise error
    assert isinstance(caught.value, kind)
    assert isinstance(caught.value, AuthError) == issubclass(kind, AuthError)


def test_clients_have_region_endpoint_and_static_credentials_of_the_stack() -> None:
    access = AwsAccess(
        region="eu-north-1",
        endpoints={"ecr": "http://127.0.0.1:1"},
        access_key="AK",
        secret_key="SK",
        session_token="T",
    )
    session = AwsSession(access, {"AWS_REGION": "us-east-1"})
    client = session.client("ecr")
    assert client.meta.region_name == "eu-north-1"
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert "Credential=AK%2F" in client.generate_presigned_url("describe_repositories")
    assert session.client("ecr") is client
    assert AwsSession(AwsAccess(), {"AWS_REGION": "us-east-1"}).client("ecr").meta.region_name == "us-east-1"


def test_roles_are_assumed_one_after_the_other() -> None:
    roles = tuple(AssumedRole(f"arn:aws:iam::123456789012:role/{name}", session_name=name) for name in ("one", "two"))
    with mock_aws():
        session = AwsSession(AwsAccess(region="eu-west-1", assume_roles=roles), {})
        identity = session.client("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::123456789012:assumed-role/two/two"


def test_a_missing_profile_is_an_auth_error() -> None:
    with pytest.raises(AuthError, match="profile does not exist"):
        AwsSession(AwsAccess(region="eu-west-1", profile="nosuch-profile"), {}).client("ecr")


def test_what_is_written_down_of_the_access_holds_no_credential() -> None:
    access = AwsAccess(
        region="eu-west-1",
        assume_roles=(AssumedRole("arn:aws:iam::123456789012:role/x", external_id="id"),),
        endpoints={"ecr": "http://127.0.0.1:1"},
        access_key="AKIASECRET",
        secret_key="very-secret",
    )
    plain = access.to_plain()
    assert "ecret" not in repr(plain)
    assert "ecret" not in repr(access)
    assert AwsAccess.from_plain(plain).to_plain() == plain


def test_a_web_identity_token_opens_its_role_and_roles_are_assumed_on_top(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a-token\n")
    identity = WebIdentity(AssumedRole("arn:aws:iam::123456789012:role/ci", session_name="ci"), str(file))
    with mock_aws():
        access = AwsAccess(region="eu-west-1", web_identity=identity)
        assert ":assumed-role/ci/" in AwsSession(access, {}).client("sts").get_caller_identity()["Arn"]
        on_top = replace(access, assume_roles=(AssumedRole("arn:aws:iam::123456789012:role/deploy"),))
        assert ":assumed-role/deploy/" in AwsSession(on_top, {}).client("sts").get_caller_identity()["Arn"]
    file.unlink()
    with pytest.raises(AuthError, match="file of the web identity token"):
        AwsSession(access, {}).client("sts").get_caller_identity()


def test_fips_endpoints_are_used_where_the_stack_says_so() -> None:
    client = AwsSession(AwsAccess(region="us-east-1", use_fips=True), {}).client("ecr")
    assert "fips" in client.meta.endpoint_url


def test_a_service_is_known_without_a_list_of_all_and_one_that_is_not_there_is_an_error() -> None:
    session = AwsSession(AwsAccess(region="eu-west-1", access_key="A", secret_key="S"), {})
    assert session.client("ecr").meta.service_model.service_name == "ecr"
    with pytest.raises(RegistryError, match="nosuch-service"):
        session.client("nosuch-service")
