"""The policies allow what is needed, of what is ours, and nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fast_container.codebuild import policies
from fast_container.codebuild.resources import BUILDSPEC

BUCKET = "arn:aws:s3:::sources"
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group:/fast-container/p/s/builds"
IMAGES = "arn:aws:ecr:eu-west-1:123456789012:repository/shop/images"
PROJECT = "arn:aws:codebuild:eu-west-1:123456789012:project/builds"
# Of whichever account: a subnet that is shared has its owner's in its ARN.
SUBNETS = ["arn:aws:ec2:eu-west-1:*:subnet/subnet-1"]
# The API demands "*" for these (service authorization reference: no resource types).
WITHOUT_RESOURCE = {"ecr:GetAuthorizationToken", *policies.NETWORK}


def statements(document: dict[str, Any], effect: str = "Allow") -> list[dict[str, Any]]:
    assert document["Version"] == "2012-10-17"
    return [statement for statement in document["Statement"] if statement["Effect"] == effect]


def resources(document: dict[str, Any], action: str) -> list[str]:
    found = [one["Resource"] for one in statements(document) if action in one["Action"]]
    assert len(found) == 1, (action, found)
    return found[0]


DOCUMENTS = {
    "role": policies.service_role(BUCKET, "", LOGS),
    "role with a prefix": policies.service_role(BUCKET, "p", LOGS),
    "role in a VPC": policies.service_role(BUCKET, "", LOGS, subnets=["subnet-1"]),
    "push": policies.granted([(policies.PUSH, IMAGES)]),
    "pull": policies.granted([(policies.PULL, IMAGES)]),
    "pull through": policies.granted([(policies.PULL_THROUGH, IMAGES)]),
    "deployer": policies.deployer([PROJECT], BUCKET, "", LOGS, [IMAGES]),
    "secrets": policies.granted([(policies.SECRET, "arn:s"), (policies.PARAMETER, "arn:p")]),
    "keys": policies.service_role(BUCKET, "", LOGS, kms_key_arn="arn:aws:kms:eu-west-1:1:key/k"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_is_named_but_what_the_api_knows_no_resource_for(name: str) -> None:
    for statement in statements(DOCUMENTS[name]):
        assert not [action for action in statement["Action"] if "*" in action]
        if "*" in statement["Resource"]:
            assert set(statement["Action"]) <= WITHOUT_RESOURCE, statement


def test_a_build_reads_only_its_prefix_and_writes_only_its_log_group() -> None:
    role = DOCUMENTS["role with a prefix"]
    assert resources(role, "s3:GetObject") == [f"{BUCKET}/p/*"]
    assert resources(role, "logs:PutLogEvents") == [LOGS, f"{LOGS}:*"]
    actions = {action for statement in statements(role) for action in statement["Action"]}
    assert not [action for action in actions if action.startswith(("s3:Put", "s3:Delete", "iam:", "sts:"))]
    # Else S3 says "denied" of what is absent.
    assert resources(role, "s3:ListBucket") == [BUCKET]


def test_a_build_pushes_only_to_the_repositories_of_its_images() -> None:
    assert resources(DOCUMENTS["push"], "ecr:PutImage") == [IMAGES]
    assert "ecr:PutImage" not in str(DOCUMENTS["role"])
    assert "ecr:PutImage" not in str(DOCUMENTS["pull"])


def test_a_network_interface_is_made_for_codebuild_in_the_subnets_only() -> None:
    (statement,) = [
        one
        for one in statements(DOCUMENTS["role in a VPC"])
        if one["Action"] == ["ec2:CreateNetworkInterfacePermission"]
    ]
    assert statement["Condition"] == {
        "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
        "ArnLike": {"ec2:Subnet": SUBNETS},
    }


def test_only_codebuild_for_projects_of_the_account_may_take_the_role() -> None:
    (statement,) = statements(policies.trust("123456789012", "eu-west-1", "aws-cn"))
    assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].startswith("arn:aws-cn:codebuild:eu-west-1:123456789012")


def test_a_deployer_starts_builds_and_may_not_bring_a_buildspec() -> None:
    deployer = DOCUMENTS["deployer"]
    assert resources(deployer, "codebuild:StartBuild") == [PROJECT]
    (denied,) = statements(deployer, "Deny")
    # Null is the only operator that this key knows (AWS CodeBuild condition keys).
    assert denied == {
        "Effect": "Deny",
        "Action": ["codebuild:StartBuild"],
        "Resource": [PROJECT],
        "Condition": {"Null": {"codebuild:source.buildspec": "false"}},
    }


def test_what_is_not_encrypted_is_refused() -> None:
    (denied,) = statements(policies.tls_only(BUCKET), "Deny")
    assert denied["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        ("shop/token", "arn:aws:secretsmanager:eu-west-1:1:secret:shop/token-??????"),
        ("shop/token:key:AWSCURRENT:", "arn:aws:secretsmanager:eu-west-1:1:secret:shop/token-??????"),
        ("arn:aws:secretsmanager:r:2:secret:x-AbCdEf:key::", "arn:aws:secretsmanager:r:2:secret:x-AbCdEf"),
    ],
)
def test_a_secrets_arn_follows_from_its_reference(reference: str, arn: str) -> None:
    assert policies.secret_arn(reference, "1", "eu-west-1", "aws") == arn


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("/shop/token", "arn:aws:ssm:eu-west-1:1:parameter/shop/token"),
        ("token", "arn:aws:ssm:eu-west-1:1:parameter/token"),
        ("arn:aws:ssm:r:2:parameter/x", "arn:aws:ssm:r:2:parameter/x"),
    ],
)
def test_a_parameters_arn_follows_from_its_name(name: str, arn: str) -> None:
    assert policies.parameter_arn(name, "1", "eu-west-1", "aws") == arn


def test_the_buildspec_is_one_command_and_no_shell_logic() -> None:
    assert json.loads(BUILDSPEC)["phases"] == {"build": {"commands": ["python3 fast_container.pyz"]}}


def test_grants_share_a_statement_and_a_hundred_repositories_two_policies() -> None:
    arns = [f"arn:aws:ecr:eu-west-1:123456789012:repository/shop/{number:03}" for number in range(50)]
    document = policies.granted([(policies.PUSH, arn) for arn in (*arns, *arns)])
    assert resources(document, "ecr:PutImage") == arns
    assert len(json.dumps(document, separators=(",", ":"))) < 6144


def test_what_is_pushed_is_not_granted_a_second_time_for_pulling() -> None:
    document = policies.granted([(policies.PULL, IMAGES), (policies.PUSH, IMAGES), (policies.PULL, "")])
    assert len(statements(document)) == 1


def test_every_arn_is_of_the_accounts_partition() -> None:
    document = policies.granted([(policies.PUSH, IMAGES)], partition="aws-eusc")
    assert resources(document, "ecr:PutImage") == [IMAGES.replace("arn:aws:", "arn:aws-eusc:")]
