"""The IAM and bucket policies of a ``CodeBuildBuilder``, as documents.

Decides the least permissions of each side (aws-facts C2 names the sources): the service role pushes only to the
repositories of its images, reads only its prefix and writes only its log group; a deployer may start builds but not
bring a buildspec of its own, since that would run any command as the service role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fast_container.core.oci.ecr_host import repository_arn
from fast_container.core.oci.repository import Repository

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_PUSH = [
    *_PULL,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
PUSH: Final = "push"
PULL: Final = "pull"
PULL_THROUGH: Final = "pull through"
SECRET: Final = "secret"  # noqa: S105 - a kind of grant
PARAMETER: Final = "parameter"
KEY: Final = "key"
_GRANTS: Final[Mapping[str, Sequence[str]]] = {
    PUSH: _PUSH,
    PULL: _PULL,
    # The permissions for ECR to import an image of another registry, and to create the repository for it.
    PULL_THROUGH: [*_PULL, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
    SECRET: ["secretsmanager:GetSecretValue"],
    PARAMETER: ["ssm:GetParameters"],
    KEY: ["kms:Decrypt"],
}
# The program reads back, verifies and tags again the image that the build has tagged.
_TAG = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"]
NETWORK = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Make a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: Sequence[str], *resources: str) -> dict[str, Any]:
    """Make one Allow statement."""
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def trust(account: str, region: str, partition: str) -> dict[str, Any]:
    """Make the trust policy: only CodeBuild, only for projects of this account."""
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
    bucket_arn: str, prefix: str, log_group_arn: str, *, subnets: Sequence[str] = (), kms_key_arn: str = ""
) -> dict[str, Any]:
    """Make the policy of every build; pushing and secrets are policies of their own.

    Args:
        bucket_arn: The bucket for sources.
        prefix: Key prefix of the sources, or "".
        log_group_arn: The builds' log group.
        subnets: The subnets of the builds, if in a VPC.
        kms_key_arn: The key of the bucket, if it is encrypted with one of yours (SSE-KMS).
    """
    objects = f"{bucket_arn}/{prefix}/*" if prefix else f"{bucket_arn}/*"
    statements = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], log_group_arn, f"{log_group_arn}:*"),
        allow(["s3:GetObject"], objects),
        # Without ListBucket S3 answers "denied" for absent objects, and a build could not tell which to upload again.
        allow(["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"], bucket_arn),
        # The API has no narrower resource.
        allow(["ecr:GetAuthorizationToken"], "*"),
    ]
    # The permission to read from a bucket with a key of yours.
    if kms_key_arn:
        statements.append(allow(_GRANTS[KEY], kms_key_arn))
    if subnets:
        partition, _, region, account = log_group_arn.split(":")[1:5]
        # The API has no narrower resource for these, except for the last.
        statements.append(allow(NETWORK, "*"))
        permission = allow(
            ["ec2:CreateNetworkInterfacePermission"], f"arn:{partition}:ec2:{region}:{account}:network-interface/*"
        )
        # A subnet that another account shares (RAM) has that account in its ARN.
        arns = [f"arn:{partition}:ec2:{region}:*:subnet/{subnet}" for subnet in subnets]
        permission["Condition"] = {
            "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
            "ArnLike": {"ec2:Subnet": arns},
        }
        statements.append(permission)
    return document(*statements)


def granted(grants: Sequence[tuple[str, str]], partition: str = "aws") -> dict[str, Any]:
    """Make the policy of the images' additions to the service role: one statement of each kind.

    Args:
        grants: Kind and ARN of each; an empty ARN (a registry that is not AWS's) grants nothing.
        partition: The account's; IAM refuses a policy that names another.
    """
    named = {
        kind: dict.fromkeys(_in_partition(arn, partition) for of, arn in grants if of == kind and arn)
        for kind in _GRANTS
    }
    named[PULL] = {arn: None for arn in named[PULL] if arn not in named[PUSH]}
    found = [allow(_GRANTS[kind], *arns) for kind, arns in named.items() if arns]
    # IAM refuses a policy without a statement.
    return document(*found or [allow(["ecr:GetAuthorizationToken"], "*")])


def joined(*documents: Mapping[str, Any]) -> dict[str, Any]:
    """Join several policies; equal statements are in the result once."""
    found: list[dict[str, Any]] = []
    for one in documents:
        found += [statement for statement in one["Statement"] if statement not in found]
    return document(*found)


def _in_partition(arn: str, partition: str) -> str:
    prefix, colon, rest = arn.removeprefix("arn:").partition(":")
    return f"arn:{partition}:{rest}" if arn.startswith("arn:") and colon and prefix else arn


def secret_arn(reference: str, account: str, region: str, partition: str) -> str:
    """Return the ARN of a Secrets Manager reference (``name-or-arn:json-key:stage:version``)."""
    if reference.startswith("arn:"):
        return ":".join(reference.split(":")[:7])
    # Secrets Manager adds six characters to every name.
    return f"arn:{partition}:secretsmanager:{region}:{account}:secret:{reference.partition(':')[0]}-??????"


def parameter_arn(name: str, account: str, region: str, partition: str) -> str:
    """Return the ARN of a parameter of the Parameter Store."""
    if name.startswith("arn:"):
        return name
    return f"arn:{partition}:ssm:{region}:{account}:parameter/{name.lstrip('/')}"


def arn_of_url(url: str, emulated_near: str = "") -> str:
    """Return the ARN of a repository by its URL; "" for a host that is not ECR's, on which IAM can grant nothing.

    Args:
        url: ``host/name``.
        emulated_near: For an emulator's ECR, whose hosts name neither: an ARN with region and account.
    """
    if (arn := repository_arn(url)) or not emulated_near:
        return arn or ""
    partition, _, region, account = emulated_near.split(":")[1:5]
    return f"arn:{partition}:ecr:{region}:{account}:repository/{Repository.parse(url).name}"


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
    project_arns: Sequence[str],
    bucket_arn: str,
    prefix: str,
    log_group_arn: str,
    repository_arns: Sequence[str],
    *,
    kms_key_arn: str = "",
) -> dict[str, Any]:
    """Make the policy of ``pulumi up`` at build time, for the identity that deploys."""
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
        # Putting an object needs encryption, and putting it in parts decryption of the earlier parts.
        *([allow(["kms:Decrypt", "kms:GenerateDataKey"], kms_key_arn)] if kms_key_arn else []),
    )
