"""What AWS refuses is refused here too: quotas, names, curated images, and what is absent from who may not list."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.state import ACCOUNT_ID
from tests.localcloud.codebuild.conftest import BUCKET, TRUST, Aws, statuses


def document(*resources: str, action: str = "ecr:PutImage", size: int = 0) -> str:
    resources = resources or (f"arn:aws:ecr:us-east-1:1:repository/{'x' * size}",)
    statement = {"Effect": "Allow", "Action": action, "Resource": list(resources)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def role(aws: Aws, name: str) -> str:
    return aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


def test_the_inline_policies_of_a_role_hold_10240_characters_without_whitespace(aws: Aws) -> None:
    role(aws, "full")
    for number in range(3):
        aws.iam.put_role_policy(RoleName="full", PolicyName=f"p{number}", PolicyDocument=document(size=3200))
    said = refused(aws.iam.put_role_policy, RoleName="full", PolicyName="p3", PolicyDocument=document(size=600))
    assert said == "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role full"
    aws.iam.put_role_policy(RoleName="full", PolicyName="p2", PolicyDocument=document(size=3201))


def test_a_managed_policy_holds_6144_characters_and_a_role_ten_of_them(aws: Aws) -> None:
    role(aws, "attached")
    said = refused(aws.iam.create_policy, PolicyName="big", PolicyDocument=document(size=6144))
    assert "PolicySize: 6144" in said
    for number in range(11):
        made = aws.iam.create_policy(PolicyName=f"managed-{number}", PolicyDocument=document("*"))["Policy"]["Arn"]
        attach = {"RoleName": "attached", "PolicyArn": made}
        if number == 10:
            assert "PoliciesPerRole: 10" in refused(aws.iam.attach_role_policy, **attach)
        else:
            aws.iam.attach_role_policy(**attach)


@pytest.mark.parametrize("name", ["with space", "a/b", "x" * 65])
def test_names_that_iam_refuses_are_refused(aws: Aws, name: str) -> None:
    assert "Value at 'roleName'" in refused(aws.iam.create_role, RoleName=name, AssumeRolePolicyDocument="{}")


def test_a_resource_of_another_partition_is_refused(aws: Aws) -> None:
    role(aws, "abroad")
    arn = "arn:aws-cn:ecr:cn-north-1:1:repository/x"
    put = {"RoleName": "abroad", "PolicyName": "p", "PolicyDocument": document(arn)}
    assert refused(aws.iam.put_role_policy, **put).startswith("MalformedPolicyDocument")


@pytest.mark.parametrize("name", ["image_builder-sources", "a", "Upper", "x" * 64, "two..dots"])
def test_names_of_buckets_that_s3_refuses_are_refused(aws: Aws, name: str) -> None:
    client = aws.client("s3")
    client.meta.events.unregister("before-parameter-build.s3")
    try:
        client.create_bucket(Bucket=name)
    except Exception as error:
        assert "nvalid" in str(error)
    else:
        raise AssertionError(name)


def test_a_curated_image_is_not_pulled_with_the_service_role(aws: Aws) -> None:
    environment = {
        "type": "LINUX_CONTAINER",
        "computeType": "BUILD_GENERAL1_SMALL",
        "image": "aws/codebuild/standard:7.0",
        "imagePullCredentialsType": "SERVICE_ROLE",
    }
    with pytest.raises(ClientError, match="curated image with imagePullCredentialsType SERVICE_ROLE"):
        aws.project("curated", "true", environment=environment)


def test_what_is_absent_is_denied_to_who_may_not_list(aws: Aws) -> None:
    arn = role(aws, "reader")
    logs = document("*", action="logs:*")
    aws.iam.put_role_policy(RoleName="reader", PolicyName="logs", PolicyDocument=logs)
    objects = document(f"arn:aws:s3:::{BUCKET}/*", action="s3:GetObject")
    aws.iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=objects)
    time.sleep(0.1)
    aws.project("reads", "true", serviceRole=arn)
    gone = {"sourceTypeOverride": "S3", "sourceLocationOverride": f"{BUCKET}/gone.zip"}
    ended = aws.run("reads", **gone)
    assert "AccessDenied: Access Denied status code: 403" in json.dumps(ended["phases"], default=str)
    listing = document(f"arn:aws:s3:::{BUCKET}", action="s3:ListBucket")
    aws.iam.put_role_policy(RoleName="reader", PolicyName="list", PolicyDocument=listing)
    time.sleep(0.1)
    ended = aws.run("reads", **gone)
    assert "NoSuchKey" in json.dumps(ended["phases"], default=str)


def test_a_fresh_policy_takes_time_to_hold(aws: Aws) -> None:
    aws.control.limits(iam_delay_s=0.5)
    arn = role(aws, "fresh")
    aws.iam.put_role_policy(RoleName="fresh", PolicyName="all", PolicyDocument=document("*", action="*"))
    aws.project("fresh", "true", serviceRole=arn)
    early = aws.run("fresh")
    assert statuses(early)["PROVISIONING"] == "FAILED"
    assert "ACCESS_DENIED" in json.dumps(early["phases"], default=str)
    time.sleep(0.5)
    assert aws.run("fresh")["buildStatus"] == "SUCCEEDED"
    assert ACCOUNT_ID in arn
