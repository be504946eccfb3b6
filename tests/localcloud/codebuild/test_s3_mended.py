"""What of S3 is mended."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.policy_conditions import is_met
from tests.localcloud.codebuild.conftest import BUCKET, Aws
from tests.localcloud.codebuild.test_plugin_types import policy_of


def sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_a_policy_that_demands_tls_lets_loopback_calls_through(aws: Aws) -> None:
    aws.s3.create_bucket(Bucket="tls-only")
    aws.s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps(policy_of("tls-only")))
    aws.s3.put_object(Bucket="tls-only", Key="k", Body=b"1")
    assert aws.s3.get_object(Bucket="tls-only", Key="k")["Body"].read() == b"1"
    aws.s3.delete_objects(Bucket="tls-only", Delete={"Objects": [{"Key": "k"}]})


def test_a_deny_whose_condition_is_met_still_denies(aws: Aws) -> None:
    policy = policy_of("denied")
    policy["Statement"][0]["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}
    aws.s3.create_bucket(Bucket="denied")
    aws.s3.put_object(Bucket="denied", Key="k", Body=b"1")
    aws.s3.put_bucket_policy(Bucket="denied", Policy=json.dumps(policy))
    with pytest.raises(ClientError, match=r"403|AccessDenied|Forbidden"):
        aws.s3.get_object(Bucket="denied", Key="k")


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"Bool": {"aws:securetransport": False}}, False),
        ({"BoolIfExists": {"aws:SecureTransport": ["true"]}}, True),
        ({"Null": {"there": "false", "absent": "true"}}, True),
        ({"Null": {"there": "true"}}, False),
        ({"StringLike": {"there": "arn:*"}}, True),
        ({"StringEquals": {"there": "arn:*"}}, False),
        ({"ArnLike": {"there": "arn:*:x"}}, True),
        ({"StringNotEquals": {"there": "other"}}, True),
    ],
)
def test_conditions_are_judged_by_what_is_known_of_a_call(condition: dict[str, Any], met: bool) -> None:
    facts = {"aws:SecureTransport": "true", "there": "arn:x:x", "absent": None}
    assert is_met(condition, facts, unknown=True) is met
    assert is_met(condition, facts, unknown=False) is met


@pytest.mark.parametrize("condition", [{"StringEquals": {"other": "1"}}, {"NumericLessThan": {"there": 1}}])
def test_what_is_not_known_is_for_the_caller_to_say(condition: dict[str, Any]) -> None:
    assert is_met(condition, {"there": "1"}, unknown=True)
    assert not is_met(condition, {"there": "1"}, unknown=False)


def test_a_wrong_checksum_is_refused_and_the_right_one_is_kept(aws: Aws) -> None:
    with pytest.raises(ClientError, match="BadDigest"):
        aws.s3.put_object(Bucket=BUCKET, Key="sum", Body=b"1", ChecksumSHA256=sha256(b"2"))
    with pytest.raises(ClientError, match="404"):
        aws.s3.head_object(Bucket=BUCKET, Key="sum")
    aws.s3.put_object(Bucket=BUCKET, Key="sum", Body=b"1", ChecksumSHA256=sha256(b"1"))
    found = aws.s3.head_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"] == sha256(b"1")


def test_an_object_is_put_once(aws: Aws) -> None:
    def put(number: int) -> int:
        try:
            aws.s3.put_object(Bucket=BUCKET, Key="once", Body=bytes([number]) * 100_000, IfNoneMatch="*")
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"]
        return 200

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(put, range(6)))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 409, 412}
    assert put(9) == 412
