"""The IAM and bucket policies of a ``CodeBuildBuilder``, as documents.

Decides the least that each side needs (aws-facts C2 names the sources): the service role pushes only to the
repositories of its images, reads only its prefix and writes only its log group; a deployer may start builds but not
bring a buildspec of its own, since that would run any command as the service role.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fast_container.core.ecr_host import repository_arn

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_PUSH = [
    *_PULL,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
# Every build has this; it is what a policy says that has nothing to grant.
_LOG_IN = ["ecr:GetAuthorizationToken"]
# The program reads back, verifies and tags again what the build has tagged.
_TAG = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"]
_NETWORK = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: Sequence[str], *resources: str) -> dict[str, Any]:
    """One Allow."""
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def trust(account: str, region: str, partition: str) -> dict[str, Any]:
    """Only CodeBuild, only for projects of this account."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:{partition}:codebuild:{region}:{account}:project/*"},
            },
        }
    )


def service_role(
    bucket_arn: str, prefix: str, log_group_arn: str, *, subnet_arns: Sequence[str] = ()
) -> dict[str, Any]:
    """What every build needs; pushing and secrets are policies of their own.

    Args:
        bucket_arn: The bucket for sources.
        prefix: Key prefix of the sources, or "".
        log_group_arn: The builds' log group.
        subnet_arns: Where builds run, if in a VPC.
    """
    objects = f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"
    statements = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_group_arn, f"{log_group_arn}:*"),
        allow(["s3:GetObject"], objects),
        allow(["s3:GetBucketAcl", "s3:GetBucketLocation"], bucket_arn),
        # The API knows no narrower resource.
        allow(["ecr:GetAuthorizationToken"], "*"),
    ]
    if subnet_arns:
        # The API knows no narrower resource for these, but for the last.
        statements.append(allow(_NETWORK, "*"))
        partition, _, region, account = subnet_arns[0].split(":")[1:5]
        permission = allow(
            ["ec2:CreateNetworkInterfacePermission"], f"arn:{partition}:ec2:{region}:{account}:network-interface/*"
        )
        permission["Condition"] = {
            "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
            "ArnEquals": {"ec2:Subnet": list(subnet_arns)},
        }
        statements.append(permission)
    return document(*statements)


def pull(repository_arns: Sequence[str]) -> dict[str, Any]:
    """Pull from repositories; an empty ARN is one that nothing can be granted on."""
    return document(_on_repositories(_PULL, repository_arns))


def push(repository_arns: Sequence[str]) -> dict[str, Any]:
    """Push to and pull from repositories, likewise."""
    return document(_on_repositories(_PUSH, repository_arns))


def _on_repositories(actions: Sequence[str], arns: Sequence[str]) -> dict[str, Any]:
    granted = [arn for arn in arns if arn]
    # IAM takes no policy without a statement.
    return allow(actions, *granted) if granted else allow(_LOG_IN, "*")


def secrets(secret_arns: Sequence[str], parameter_arns: Sequence[str]) -> dict[str, Any]:
    """Read the secrets that builds are given by reference."""
    statements: list[dict[str, Any]] = []
    if secret_arns:
        statements.append(allow(["secretsmanager:GetSecretValue"], *secret_arns))
    if parameter_arns:
        statements.append(allow(["ssm:GetParameters"], *parameter_arns))
    return document(*statements)


def secret_arn(reference: str, account: str, region: str, partition: str) -> str:
    """The ARN of a Secrets Manager reference (``name-or-arn:json-key:stage:version``)."""
    if reference.startswith("arn:"):
        return ":".join(reference.split(":")[:7])
    # Secrets Manager adds six characters to every name.
    return f"arn:{partition}:secretsmanager:{region}:{account}:secret:{reference.partition(':')[0]}-??????"


def parameter_arn(name: str, account: str, region: str, partition: str) -> str:
    """The ARN of a parameter of the Parameter Store."""
    if name.startswith("arn:"):
        return name
    return f"arn:{partition}:ssm:{region}:{account}:parameter/{name.lstrip('/')}"


def arn_of_url(url: str, emulated_near: str = "") -> str:
    """The ARN of a repository by its URL; "" for a host that is not ECR's, on which IAM can grant nothing.

    Args:
        url: ``host/name``.
        emulated_near: Where ECR is an emulator's, whose hosts say neither: an ARN that tells region and account.
    """
    if (arn := repository_arn(url)) or not emulated_near:
        return arn or ""
    partition, _, region, account = emulated_near.split(":")[1:5]
    return f"arn:{partition}:ecr:{region}:{account}:repository/{url.partition('/')[2]}"


def tls_only(bucket_arn: str) -> dict[str, Any]:
    """Refuse every request that is not encrypted."""
    return document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def deployer(
    project_arns: Sequence[str], bucket_arn: str, prefix: str, log_group_arn: str, repository_arns: Sequence[str]
) -> dict[str, Any]:
    """What ``pulumi up`` needs at build time; attach it to whoever deploys."""
    objects = f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"
    builds = [
        "codebuild:BatchGetBuilds",
        "codebuild:ListBuildsForProject",
        "codebuild:StartBuild",
        "codebuild:StopBuild",
    ]
    return document(
        allow(builds, *project_arns),
        {
            "Effect": "Deny",
            "Action": ["codebuild:StartBuild"],
            "Resource": list(project_arns),
            "Condition": {"Null": {"codebuild:source.buildspec": "false"}},
        },
        allow(["s3:GetObject", "s3:PutObject"], objects),
        # Without it a HEAD of an absent part answers 403 instead of 404.
        allow(["s3:ListBucket"], bucket_arn),
        allow(["logs:GetLogEvents"], f"{log_group_arn}:*"),
        allow(["ecr:GetAuthorizationToken"], "*"),
        *([allow(_TAG, *granted)] if (granted := [arn for arn in repository_arns if arn]) else []),
    )
