"""The AWS resources of a ``CodeBuildBuilder``.

Decides each resource's settings: what is private, encrypted, expiring, and what runs where. Leaves which of them there
are to ``codebuild_builder`` and the policies' documents to ``codebuild_policies``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pulumi

from fast_container import codebuild_policies as policies

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

BUILDSPEC: Final = json.dumps(
    {"version": "0.2", "phases": {"build": {"commands": ["python3 fast_container.pyz"]}}}, indent=2
)
_IMAGES: Final[Mapping[str, tuple[str, str]]] = {
    "x86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
    "arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
}

Tags = Mapping[str, pulumi.Input[str]] | None


@dataclass(frozen=True, slots=True)
class VpcConfig:
    """Where builds run when they need a network of yours; it needs a way out to ECR, S3 and CloudWatch Logs."""

    vpc_id: pulumi.Input[str]
    subnets: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What the projects of a builder have in common; see the builder's arguments."""

    compute_type: str
    image: str | None
    privileged: bool
    timeout: int
    queue_timeout: int
    concurrent_build_limit: int | None
    vpc: VpcConfig | None = field(default=None)


def source_bucket(
    name: str, expire_days: int, tags: Tags, opts: pulumi.ResourceOptions
) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """A bucket, and what makes it fit for sources: closed, encrypted, over TLS only, its objects expiring."""
    made = aws.s3.Bucket(f"{name}-sources", force_destroy=True, tags=tags, opts=opts)
    closed = aws.s3.BucketPublicAccessBlock(
        f"{name}-sources-closed",
        bucket=made.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-sources-encrypted",
        bucket=made.bucket,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=opts,
    )
    expiring = aws.s3.BucketLifecycleConfiguration(
        f"{name}-sources-expiring",
        bucket=made.bucket,
        rules=[
            {
                "id": "sources",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": expire_days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
            }
        ],
        opts=opts,
    )
    tls = aws.s3.BucketPolicy(
        f"{name}-sources-tls",
        bucket=made.bucket,
        policy=made.arn.apply(lambda arn: json.dumps(policies.tls_only(arn))),
        opts=opts,
    )
    return made, [closed, encrypted, expiring, tls]


def service_role(
    name: str,
    role: pulumi.Input[str] | None,
    bucket_arn: pulumi.Output[str],
    prefix: str,
    logs: pulumi.Output[str],
    subnets: Sequence[pulumi.Input[str]],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str] | None, list[pulumi.Resource]]:
    """The role's ARN, its name if it is ours, and what builds need beside it."""

    # The log group's ARN says partition, region and account without a further look-up.
    def near(arn: str) -> tuple[str, str, str]:
        partition, _, region, account = arn.split(":")[1:5]
        return account, region, partition

    if role is not None:
        given = pulumi.Output.all(role, logs)
        return given.apply(lambda found: _role_arn(found[0], *near(found[1]))), None, []
    trust = logs.apply(lambda arn: json.dumps(policies.trust(*near(arn))))
    made = aws.iam.Role(f"{name}-role", assume_role_policy=trust, tags=tags, opts=opts)

    def document(found: Sequence[Any]) -> str:
        account, region, partition = near(found[1])
        arns = [f"arn:{partition}:ec2:{region}:{account}:subnet/{subnet}" for subnet in found[2]]
        return json.dumps(policies.service_role(found[0], prefix, found[1], subnet_arns=arns))

    policy = aws.iam.RolePolicy(
        f"{name}-role-policy",
        role=made.name,
        policy=pulumi.Output.all(bucket_arn, logs, list(subnets)).apply(document),
        opts=opts,
    )
    return made.arn, made.name, [policy]


def _role_arn(role: str, account: str, _region: str, partition: str) -> str:
    return role if role.startswith("arn:") else f"arn:{partition}:iam::{account}:role/{role}"


def build_project(
    name: str,
    architecture: str,
    settings: ProjectSettings,
    role_arn: pulumi.Output[str],
    log_group: pulumi.Output[str],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> aws.codebuild.Project:
    """The project that builds for an architecture; its buildspec is its own and never overridden."""
    kind, standard = _IMAGES[architecture]
    vpc = settings.vpc
    return aws.codebuild.Project(
        f"{name}-{architecture.replace('_', '-')}",
        description=f"fast-container: images for {architecture}",
        service_role=role_arn,
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": kind,
            "image": settings.image or standard,
            "compute_type": settings.compute_type,
            "privileged_mode": settings.privileged,
            "image_pull_credentials_type": "SERVICE_ROLE" if settings.image else "CODEBUILD",
        },
        source={"type": "NO_SOURCE", "buildspec": BUILDSPEC},
        logs_config={"cloudwatch_logs": {"group_name": log_group, "status": "ENABLED"}},
        build_timeout=settings.timeout,
        queued_timeout=settings.queue_timeout,
        concurrent_build_limit=settings.concurrent_build_limit,
        vpc_config=(
            {"vpc_id": vpc.vpc_id, "subnets": list(vpc.subnets), "security_group_ids": list(vpc.security_group_ids)}
            if vpc
            else None
        ),
        tags=tags,
        opts=opts,
    )
