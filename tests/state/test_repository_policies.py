"""Who may pull, and what expires: as documents."""

from __future__ import annotations

import fnmatch

from fast_container.core.key import KeyInputs, build_key
from fast_container.repository_policies import lifecycle_policy, pull_policy

ARN = "arn:aws-cn:ecr:cn-north-1:123456789012:repository/shop/images"


def test_no_lifecycle_rule_matches_a_key_tag() -> None:
    tag = build_key(KeyInputs(instructions=(b"FROM scratch",), platform="linux/amd64")).tag
    for rule in lifecycle_policy(14)["rules"]:
        selection = rule["selection"]
        assert selection["tagStatus"] != "any"
        assert not any(fnmatch.fnmatch(tag, pattern) for pattern in selection.get("tagPatternList", []))


def test_untagged_images_live_for_two_weeks_or_more() -> None:
    (untagged,) = (r for r in lifecycle_policy(14)["rules"] if r["selection"]["tagStatus"] == "untagged")
    assert untagged["selection"]["countNumber"] >= 14
    assert "tagPatternList" not in untagged["selection"]


def test_the_policy_has_the_statement_that_lambda_would_add_by_itself() -> None:
    (statement,) = pull_policy(ARN, "123456789012", [], lambda_pull=True)["Statement"]
    assert statement["Sid"] == "LambdaECRImageRetrievalPolicy"
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Condition"]["StringLike"]["aws:sourceArn"] == (
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:*"
    )


def test_another_account_may_pull_with_its_principals_and_its_functions() -> None:
    root, functions = pull_policy(ARN, "123456789012", ["210987654321"], lambda_pull=False)["Statement"]
    assert root["Principal"] == {"AWS": "arn:aws-cn:iam::210987654321:root"}
    assert "210987654321:function" in functions["Condition"]["StringLike"]["aws:sourceArn"]
    assert set(root["Action"]) == {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
