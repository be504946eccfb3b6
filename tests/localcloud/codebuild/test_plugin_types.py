"""The AWS plugin stand-in's S3 and CodeBuild types, with this cloud's CodeBuild and mended S3 behind them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from tests.localcloud.aws_plugin.plugin_driver import Plugin, RefusedError
from tests.localcloud.codebuild.conftest import ROLE, Aws, buildspec

PROJECT = Path(__file__).resolve().parents[3]
BUCKET_TYPE = "aws:s3/bucket:Bucket"
PROJECT_TYPE = "aws:codebuild/project:Project"
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}
BUILDER = {
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {
        "type": "ARM_CONTAINER",
        "computeType": "BUILD_GENERAL1_LARGE",
        "image": "aws/codebuild/amazonlinux-aarch64-standard:3.0",
        "privilegedMode": True,
        "environmentVariables": [{"name": "A", "value": "1"}],
    },
    "serviceRole": ROLE,
    "source": {"type": "NO_SOURCE", "buildspec": buildspec(build=["true"])},
}


@pytest.fixture(scope="module")
def plugin(shared_aws: Aws) -> Iterator[Plugin]:
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud.aws_plugin", "127.0.0.1:1"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
        plugin = Plugin(provider_pb2_grpc.ResourceProviderStub(channel), shared_aws.endpoint)
        services = dict.fromkeys(("codebuild", "s3", "iam", "sts", "logs"), shared_aws.endpoint)
        plugin.configure(
            region="us-east-1", endpoints=json.dumps([services]), skipCredentialsValidation="true", maxRetries="0"
        )
        yield plugin
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture(scope="module")
def bucket(plugin: Plugin) -> Iterator[str]:
    made = plugin.create(BUCKET_TYPE, {}, name="base")
    yield made.id
    made.delete()


def policy_of(bucket: str) -> dict[str, Any]:
    return json.loads(json.dumps(TLS_ONLY).replace("{bucket}", bucket))


def inputs_of(token: str, bucket: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs of a type, and what of them is changed later."""
    rule = {
        "id": "expire",
        "status": "Enabled",
        "filter": {"prefix": "parts/"},
        "expiration": {"days": 14},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
        "noncurrentVersionExpiration": {"noncurrentDays": 1},
    }
    encrypted = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    policy = policy_of(bucket)
    other_policy = json.dumps({**policy, "Id": "other"})
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        BUCKET_TYPE: ({"forceDestroy": True, "tags": {"a": "1"}}, {"tags": {"b": "2"}}),
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
            {"bucket": bucket, "blockPublicAcls": True, "blockPublicPolicy": True},
            {"ignorePublicAcls": True},
        ),
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
            {"bucket": bucket, "rules": [encrypted]},
            {"rules": [{**encrypted, "bucketKeyEnabled": True}]},
        ),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
            {"bucket": bucket, "rules": [rule]},
            {"rules": [{**rule, "expiration": {"days": 7}}]},
        ),
        "aws:s3/bucketPolicy:BucketPolicy": (
            {"bucket": bucket, "policy": json.dumps(policy, indent=1)},
            {"policy": other_policy},
        ),
        "aws:s3/bucketVersioning:BucketVersioning": (
            {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}},
            {"versioningConfiguration": {"status": "Suspended"}},
        ),
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
            {"bucket": bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
            {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        ),
        PROJECT_TYPE: (
            {
                **BUILDER,
                "concurrentBuildLimit": 2,
                "logsConfig": {"cloudwatchLogs": {"groupName": "g"}},
                "tags": {"a": "1"},
                "vpcConfig": {"vpcId": "v", "subnets": ["s2", "s1"], "securityGroupIds": ["g"]},
            },
            {
                "buildTimeout": 30,
                "concurrentBuildLimit": None,
                "vpcConfig": None,
                "cache": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]},
                "source": {"type": "S3", "location": "bucket/key", "buildspec": "spec.yml"},
            },
        ),
    }
    first, changed = cases[token]
    return first, {**first, **changed}


TOKENS = (
    BUCKET_TYPE,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    PROJECT_TYPE,
)
NEVER_GONE = {
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
}
"""Settings that every bucket has, so that a refresh after a delete still finds one."""


@pytest.mark.parametrize("token", TOKENS)
def test_a_resource_lives_and_settles(plugin: Plugin, bucket: str, token: str) -> None:
    first, changed = inputs_of(token, bucket)
    made = plugin.create(token, first)
    assert made.changes(first) == {}, "a second up changes nothing"
    again = made.refreshed()
    assert again is not None
    assert (again.state, again.inputs) == (made.state, made.inputs), "a refresh changes nothing"
    difference = made.diff(changed)
    assert set(difference.diffs) == {name for name in changed if first.get(name) != changed[name]}
    assert not difference.replaces
    made.update(changed)
    assert made.changes(changed) == {}, "an up after an update changes nothing"
    refreshed = made.refreshed()
    assert refreshed is not None
    assert refreshed.state == made.state
    made.delete()
    if token not in NEVER_GONE:
        assert made.refreshed() is None
    made.delete()


@pytest.mark.parametrize("token", TOKENS)
def test_an_imported_resource_needs_no_change(plugin: Plugin, bucket: str, token: str) -> None:
    first, _changed = inputs_of(token, bucket)
    first.pop("forceDestroy", None)
    made = plugin.create(token, first, name="imported")
    found = plugin.read(token, made.id, state={}, inputs={})
    assert found is not None
    named = {key: made.inputs[key] for key in ("name",) if key in made.inputs}
    named |= {"bucket": made.inputs["bucket"]} if token == BUCKET_TYPE else {}
    assert found.changes({**first, **named}) == {}
    made.delete()


@pytest.mark.parametrize("token", TOKENS)
def test_where_it_belongs_replaces_it(plugin: Plugin, bucket: str, token: str) -> None:
    first, _changed = inputs_of(token, bucket)
    made = plugin.create(token, first, name="moved")
    name = "name" if token == PROJECT_TYPE else "bucket"
    assert list(made.diff({**first, name: "another-one"}).replaces) == [name]
    made.delete()


def test_the_id_of_a_project_is_its_arn_and_its_defaults_are_awss(plugin: Plugin) -> None:
    made = plugin.create(PROJECT_TYPE, BUILDER, name="defaults")
    assert made.id == made.state["arn"]
    assert made.id.endswith(f":project/{made.state['name']}")
    assert (made.state["buildTimeout"], made.state["queuedTimeout"]) == (60, 480)
    assert made.state["projectVisibility"] == "PRIVATE"
    assert made.state["cache"] == {"type": "NO_CACHE"}
    assert made.state["encryptionKey"].endswith(":alias/aws/s3")
    assert made.state["environment"]["imagePullCredentialsType"] == "CODEBUILD"
    made.delete()


def test_a_setting_taken_away_is_gone_from_the_project(plugin: Plugin, aws: Aws) -> None:
    first, changed = inputs_of(PROJECT_TYPE, "")
    made = plugin.create(PROJECT_TYPE, first, name="taken-away")
    made.update(changed)
    project = aws.codebuild.batch_get_projects(names=[made.state["name"]])["projects"][0]
    assert "concurrentBuildLimit" not in project
    assert "vpcConfig" not in project
    made.delete()


@pytest.mark.parametrize(
    ("token", "news", "message"),
    [
        (BUCKET_TYPE, {"versioning": {"enabled": True}}, "versioning: is a property of the real provider"),
        (BUCKET_TYPE, {"bucket": "Upper"}, "does not match"),
        (PROJECT_TYPE, {**BUILDER, "cache": {"type": "S3"}}, "cache.location: is required"),
        (PROJECT_TYPE, {**BUILDER, "buildTimeout": 4}, "expected at least 5"),
        (PROJECT_TYPE, {**BUILDER, "source": {"type": "SVN"}}, "source.type: expected one of"),
        (PROJECT_TYPE, {**BUILDER, "secondarySources": []}, "secondarySources: is a property of the real"),
        (PROJECT_TYPE, {**BUILDER, "environment": {"image": "i"}}, "environment.type: missing required"),
    ],
)
def test_what_the_real_provider_refuses_is_refused(
    plugin: Plugin, token: str, news: dict[str, Any], message: str
) -> None:
    with pytest.raises(RefusedError, match=message):
        plugin.check(token, news)


def test_a_bucket_that_is_not_empty_stays_unless_forced(plugin: Plugin, aws: Aws) -> None:
    made = plugin.create(BUCKET_TYPE, {}, name="full")
    aws.s3.put_object(Bucket=made.id, Key="k", Body=b"1")
    with pytest.raises(RefusedError, match="BucketNotEmpty"):
        made.delete()
    made.update({"forceDestroy": True})
    made.delete()
    assert made.refreshed() is None


def test_a_bucket_that_is_there_already_is_refused(plugin: Plugin, bucket: str) -> None:
    with pytest.raises(RefusedError, match="BucketAlreadyExists"):
        plugin.create(BUCKET_TYPE, {"bucket": bucket})


def test_an_automatic_bucket_name_is_lower_case(plugin: Plugin) -> None:
    assert plugin.check(BUCKET_TYPE, {}, name="Upper-Case")["bucket"].startswith("upper-case-")


def test_a_role_that_codebuild_may_not_assume_is_refused(aws: Aws) -> None:
    aws.iam.create_role(RoleName="other", AssumeRolePolicyDocument='{"Statement": []}')
    with pytest.raises(aws.codebuild.exceptions.InvalidInputException, match="not authorized to perform"):
        aws.codebuild.create_project(**{**BUILDER, "name": "refused", "serviceRole": f"{ROLE[:-7]}other"})
