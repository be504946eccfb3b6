"""The AWS resources of a ``CodeBuildBuilder``.

Decides each resource's settings: what is private, encrypted, expiring, and what runs where. Leaves which of them exist
to ``codebuild.installation`` and the policies' documents to ``codebuild.policies``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi

from fast_container.codebuild import policies
from fast_container.codebuild.build_limits import BuildLimits
from fast_container.codebuild.limits import CURATED
from fast_container.shapes import one_line_refusals

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


@one_line_refusals
@dataclass(frozen=True, slots=True)
class VpcConfig:
    """The network of builds that need one of yours.

    It needs a way out to ECR, S3 and CloudWatch Logs, to Secrets Manager or Systems Manager if builds have secrets, and
    to the registry of ``buildkit_image``. Without a way out to the internet, keep a copy of that image in the registry
    of your images, name it as ``buildkit_image=`` and its repository in ``pull_from=``.
    """

    vpc_id: pulumi.Input[str]
    subnets: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The common settings of a builder's projects; see the builder's arguments."""

    compute_type: str
    image: str | Mapping[str, str] | None
    limits: BuildLimits
    vpc: VpcConfig | None = None
    fleet: pulumi.Input[str] | None = None
    docker_server: str | None = None


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """The service role of a builder; see the builder's arguments.

    Attributes:
        given: Name or ARN of an existing one.
        boundary: ARN of a policy that bounds a new role.
        kms_key: ARN of the bucket's key.
        subnets: The subnets of the builds, if in a VPC.
    """

    given: pulumi.Input[str] | None = None
    boundary: pulumi.Input[str] | None = None
    kms_key: pulumi.Input[str] | None = None
    subnets: Sequence[pulumi.Input[str]] = ()


def source_bucket(
    name: str, expire_days: int, tags: Tags, opts: pulumi.ResourceOptions
) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """Make a bucket fit for sources: closed, encrypted, over TLS only, its objects expiring.

    Builds do not wait for the expiry: AWS takes a minute to show it, and it matters a day later.
    """
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
    aws.s3.BucketLifecycleConfiguration(
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
    return made, [closed, encrypted, tls]


def service_role(
    name: str,
    settings: RoleSettings,
    document: pulumi.Output[dict[str, Any]],
    logs: pulumi.Output[str],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str] | None, list[pulumi.Resource]]:
    """Return the role's ARN, its name if it is ours, and the resources that builds need beside it.

    Args:
        name: Start of the names.
        settings: The role's settings.
        document: The policy of every build, see ``base_document``.
        logs: ARN of the log group: it has partition, region and account without a further lookup.
        tags: AWS tags.
        opts: Resource options.
    """

    def near(arn: str) -> tuple[str, str, str]:
        partition, _, region, account = arn.split(":")[1:5]
        return account, region, partition

    if settings.given is not None:
        given = pulumi.Output.all(settings.given, logs)
        return given.apply(lambda found: _role_arn(found[0], *near(found[1]))), None, []
    trust = logs.apply(lambda arn: json.dumps(policies.trust(*near(arn))))
    made = aws.iam.Role(
        f"{name}-role", assume_role_policy=trust, permissions_boundary=settings.boundary, tags=tags, opts=opts
    )
    policy = aws.iam.RolePolicy(f"{name}-role-policy", role=made.name, policy=document.apply(json.dumps), opts=opts)
    return made.arn, made.name, [policy]


def base_document(
    bucket_arn: pulumi.Input[str], prefix: pulumi.Input[str], logs: pulumi.Input[str], settings: RoleSettings
) -> pulumi.Output[dict[str, Any]]:
    """Make the policy of every build."""

    def document(found: Sequence[Any]) -> dict[str, Any]:
        bucket, own_prefix, group, subnets, key = found
        return policies.service_role(bucket, own_prefix, group, subnets=subnets, kms_key_arn=key)

    facts = pulumi.Output.all(bucket_arn, prefix, logs, list(settings.subnets), settings.kms_key or "")
    return facts.apply(document)


def _role_arn(role: str, account: str, _region: str, partition: str) -> str:
    return role if role.startswith("arn:") else f"arn:{partition}:iam::{account}:role/{role}"


def build_project(
    name: str,
    architecture: str,
    settings: ProjectSettings,
    role_arn: pulumi.Output[str],
    log_group: pulumi.Output[str],
    placeholder: pulumi.Output[str],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> aws.codebuild.Project:
    """Make the project that builds for an architecture; its buildspec is its own and never overridden.

    Each build names its own source. The project has one of the same kind, whose object does not exist: it is not proven
    that a project without a source accepts one from S3.
    """
    kind, standard = _IMAGES[architecture]
    vpc = settings.vpc
    image = settings.image.get(architecture) if isinstance(settings.image, Mapping) else settings.image
    own = image is not None and not image.startswith(CURATED)
    return aws.codebuild.Project(
        f"{name}-{architecture.replace('_', '-')}",
        description=f"fast-container: images for {architecture}",
        service_role=role_arn,
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": kind,
            "image": image or standard,
            "compute_type": settings.compute_type,
            "privileged_mode": True,
            "image_pull_credentials_type": "SERVICE_ROLE" if own else "CODEBUILD",
            "fleet": {"fleet_arn": settings.fleet} if settings.fleet is not None else None,
            "docker_server": _docker_server(settings),
        },
        source={"type": "S3", "location": placeholder, "buildspec": BUILDSPEC},
        logs_config={"cloudwatch_logs": {"group_name": log_group, "status": "ENABLED"}},
        build_timeout=settings.limits.timeout_minutes,
        queued_timeout=settings.limits.queue_timeout_minutes,
        concurrent_build_limit=settings.limits.of_project,
        vpc_config=(
            {"vpc_id": vpc.vpc_id, "subnets": list(vpc.subnets), "security_group_ids": list(vpc.security_group_ids)}
            if vpc
            else None
        ),
        tags=tags,
        opts=opts,
    )


def _docker_server(settings: ProjectSettings) -> Any:
    if settings.docker_server is None:
        return None
    groups = {"security_group_ids": list(settings.vpc.security_group_ids)} if settings.vpc else {}
    return {"compute_type": settings.docker_server, **groups}
