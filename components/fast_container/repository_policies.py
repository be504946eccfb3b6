"""The policy documents of a repository: what expires, and who may pull.

Decides that lifecycle rules expire only images that no deployment can name, and which rights Lambda needs. Leaves the
resources that hold the documents to ``repository``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
# The Sid of the statement that Lambda adds on its own; it leaves a policy that has it unchanged (aws-facts E).
_LAMBDA_SID = "LambdaECRImageRetrievalPolicy"


def lifecycle_policy(untagged_days: int) -> dict[str, Any]:
    """Return the policy that expires untagged images and cache tags by age; a key tag matches no rule (D9)."""

    def expire(priority: int, description: str, **selection: Any) -> dict[str, Any]:
        counted = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": untagged_days}
        return {
            "rulePriority": priority,
            "description": description,
            "selection": selection | counted,
            "action": {"type": "expire"},
        }

    return {
        "rules": [
            expire(1, "build cache", tagStatus="tagged", tagPatternList=["cache-*"]),
            expire(2, "untagged: never tagged, or left behind", tagStatus="untagged"),
        ]
    }


def pull_policy(arn: str, account: str, pull_accounts: Sequence[str], *, lambda_pull: bool) -> dict[str, Any]:
    """Return the policy for pulling: Lambda of this account (as Lambda itself would add it), and other accounts."""
    _, partition, _, region, *_ = arn.split(":")

    def lambda_statement(sid: str, owner: str) -> dict[str, Any]:
        functions = f"arn:{partition}:lambda:{region}:{owner}:function:*"
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": _PULL,
            "Condition": {"StringLike": {"aws:sourceArn": functions}},
        }

    statements = [lambda_statement(_LAMBDA_SID, account)] if lambda_pull else []
    for other in pull_accounts:
        statements.append(
            {
                "Sid": f"PullFrom{other}",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{other}:root"},
                "Action": _PULL,
            }
        )
        statements.append(lambda_statement(f"LambdaPullFrom{other}", other))
    return {"Version": "2012-10-17", "Statement": statements}
