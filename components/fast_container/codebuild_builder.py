"""``CodeBuildBuilder``: what AWS needs to build the images of a stack, once for all of them.

Decides the resources (a private bucket for sources, a log group, a role with least privilege, a project for each
architecture) and their defaults. Leaves the documents to ``codebuild_policies`` and running builds to
``adapters.codebuild``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

import pulumi
import pulumi_aws as aws

from fast_container import codebuild_policies as policies
from fast_container.args import check_texts
from fast_container.core.aws_access import AwsAccess
from fast_container.core.registry_cache import RegistryCache
from fast_container.errors import ArgsError, FastContainerError

TYPE: Final = "fast-container:index:CodeBuildBuilder"
Architecture: TypeAlias = Literal["x86_64", "arm64"]

DEFAULT_EXPIRE_DAYS: Final = 30
DEFAULT_LOG_DAYS: Final = 30
DEFAULT_QUEUE_TIMEOUT_MINUTES: Final = 480
DEFAULT_TIMEOUT_MINUTES: Final = 60
# Google's pull-through copy of Docker Hub: does not count against Docker Hub's limit on anonymous pulls.
DEFAULT_BUILDKIT_IMAGE: Final = "mirror.gcr.io/moby/buildkit:buildx-stable-1"
BUILDSPEC: Final = json.dumps(
    {"version": "0.2", "phases": {"build": {"commands": ["python3 fast_container.pyz"]}}}, indent=2
)
_IMAGES: Final[Mapping[str, tuple[str, str]]] = {
    "x86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
    "arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
}
_ARCHITECTURE_OF: Final = {"amd64": "x86_64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class BuilderOutputs:
    """What a builder's users need to know; also what another stack exports and hands over.

    Attributes:
        bucket: Name of the source bucket.
        projects: Architecture → name of its project.
        prefix: Key prefix of the sources.
        expire_days: When the bucket forgets a source.
    """

    bucket: pulumi.Input[str]
    projects: Mapping[str, pulumi.Input[str]]
    prefix: str = ""
    expire_days: int = DEFAULT_EXPIRE_DAYS


@dataclass(frozen=True, slots=True)
class VpcConfig:
    """Where builds run when they need a network of yours; it needs a way out to ECR, S3 and CloudWatch Logs."""

    vpc_id: pulumi.Input[str]
    subnets: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]


class CodeBuildBuilder(pulumi.ComponentResource):
    """Builds images on AWS CodeBuild, with no Docker on this machine.

    Args:
        name: The Pulumi name.
        architectures: A project is made for each of them.
        compute_type: CodeBuild's, as ``BUILD_GENERAL1_MEDIUM``.
        image: The build environment's image instead of AWS's standard one; it needs Docker, buildx, Python 3.11 or
            newer and boto3.
        buildkit_image: What the docker-container builder in a build starts from.
        privileged: Docker needs it; false only with an image that brings a BuildKit of its own.
        timeout: Minutes that a build may take, 5 to 2160.
        queue_timeout: Minutes that a build may queue, 5 to 480.
        concurrent_build_limit: At most so many builds of a project at once; the rest waits here.
        vpc: Run the builds in a VPC.
        cache: Import and export a registry cache; its repository needs ``grant_push`` too, which is done here.
        bucket: Name of an existing bucket for sources, instead of a new one.
        role: ARN of an existing service role, instead of a new one; it gets no policies.
        expire_days: After how many days a source is removed, at least 3.
        log_retention_days: CloudWatch's.
        wait: False: ``up`` starts the builds and returns; see the README before you use it.
        aws_access: How to reach AWS where the stack's ``aws:`` configuration does not say it.
        tags: AWS tags.
        opts: Resource options of the component.

    Raises:
        pulumi.RunError: An argument cannot be right.
    """

    bucket: pulumi.Output[str]
    log_group: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    deployer_policy: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        architectures: Sequence[Architecture] = ("x86_64",),
        compute_type: str = "BUILD_GENERAL1_MEDIUM",
        image: str | None = None,
        buildkit_image: str = DEFAULT_BUILDKIT_IMAGE,
        privileged: bool = True,
        timeout: int = DEFAULT_TIMEOUT_MINUTES,
        queue_timeout: int = DEFAULT_QUEUE_TIMEOUT_MINUTES,
        concurrent_build_limit: int | None = None,
        vpc: VpcConfig | None = None,
        cache: RegistryCache | None = None,
        bucket: str | None = None,
        role: pulumi.Input[str] | None = None,
        expire_days: int = DEFAULT_EXPIRE_DAYS,
        log_retention_days: int = DEFAULT_LOG_DAYS,
        wait: bool = True,
        aws_access: AwsAccess | None = None,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        try:
            _check(architectures, timeout, queue_timeout, expire_days)
        except FastContainerError as error:
            raise pulumi.RunError(f"CodeBuildBuilder {name!r}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        self.name, self.aws, self.wait = name, aws_access, wait
        self.cache, self.buildkit_image, self.queue_timeout_s = cache, buildkit_image, queue_timeout * 60.0
        self.max_parallel = concurrent_build_limit or 10_000
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = tags
        self._granted: dict[str, aws.iam.RolePolicy] = {}

        self.bucket, bucket_arn, protection = self._sources(bucket, expire_days)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/fast-container/{pulumi.get_project()}/{pulumi.get_stack()}/{name}",
            retention_in_days=log_retention_days,
            tags=tags,
            opts=self._child,
        )
        self.log_group = log_group.name
        self.role_arn, self._role, needed = self._service_role(role, bucket_arn, log_group.arn, in_vpc=vpc is not None)
        settings = _Settings(compute_type, image, privileged, timeout, queue_timeout, concurrent_build_limit, vpc)
        after = pulumi.ResourceOptions(parent=self, depends_on=[*protection, *needed])
        projects = {arch: self._project(arch, settings, after) for arch in architectures}
        self.outputs = BuilderOutputs(
            self.bucket, {arch: project.name for arch, project in projects.items()}, "", expire_days
        )
        self.deployer_policy = pulumi.Output.json_dumps(
            pulumi.Output.all(
                projects=[project.arn for project in projects.values()], bucket=bucket_arn, logs=log_group.arn
            ).apply(lambda f: policies.deployer(f["projects"], f["bucket"], "", f["logs"], ["*"]))
        )
        self.register_outputs(
            {
                "bucket": self.bucket,
                "log_group": self.log_group,
                "role_arn": self.role_arn,
                "projects": dict(self.outputs.projects),
                "deployer_policy": self.deployer_policy,
            }
        )

    def grant_push(self, repository: str, arn: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Let builds push to a repository; one policy for each repository, however many images it has.

        Args:
            repository: What the repository is told apart by.
            arn: Its ARN.
        """
        if self._role is None:
            return []
        if repository not in self._granted:
            self._granted[repository] = aws.iam.RolePolicy(
                f"{self.name}-push-{len(self._granted)}",
                role=self._role.name,
                policy=pulumi.Output.from_input(arn).apply(lambda found: json.dumps(policies.push([found]))),
                opts=self._child,
            )
        return [self._granted[repository]]

    def _sources(
        self, bucket: str | None, expire_days: int
    ) -> tuple[pulumi.Output[str], pulumi.Output[str], list[pulumi.Resource]]:
        if bucket is not None:
            found = aws.s3.get_bucket_output(bucket=bucket, opts=pulumi.InvokeOutputOptions(parent=self))
            return found.bucket, found.arn, []
        made = aws.s3.Bucket(f"{self.name}-sources", force_destroy=True, tags=self._tags, opts=self._child)
        closed = aws.s3.BucketPublicAccessBlock(
            f"{self.name}-sources-closed",
            bucket=made.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self.name}-sources-encrypted",
            bucket=made.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._child,
        )
        expiring = aws.s3.BucketLifecycleConfiguration(
            f"{self.name}-sources-expiring",
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
            opts=self._child,
        )
        tls = aws.s3.BucketPolicy(
            f"{self.name}-sources-tls",
            bucket=made.bucket,
            policy=made.arn.apply(lambda arn: json.dumps(policies.tls_only(arn))),
            opts=self._child,
        )
        return made.bucket, made.arn, [closed, encrypted, expiring, tls]

    def _service_role(
        self, role: pulumi.Input[str] | None, bucket_arn: pulumi.Output[str], logs: pulumi.Output[str], *, in_vpc: bool
    ) -> tuple[pulumi.Output[str], aws.iam.Role | None, list[pulumi.Resource]]:
        if role is not None:
            return pulumi.Output.from_input(role), None, []
        # The log group's ARN says account, region and partition without a further look-up.
        trust = logs.apply(
            lambda arn: json.dumps(policies.trust(arn.split(":")[4], arn.split(":")[3], arn.split(":")[1]))
        )
        made = aws.iam.Role(f"{self.name}-role", assume_role_policy=trust, tags=self._tags, opts=self._child)
        policy = aws.iam.RolePolicy(
            f"{self.name}-role-policy",
            role=made.name,
            policy=pulumi.Output.all(bucket_arn, logs).apply(
                lambda found: json.dumps(policies.service_role(found[0], "", found[1], in_vpc=in_vpc))
            ),
            opts=self._child,
        )
        return made.arn, made, [policy]

    def _project(self, architecture: str, settings: _Settings, opts: pulumi.ResourceOptions) -> aws.codebuild.Project:
        kind, standard = _IMAGES[architecture]
        vpc = settings.vpc
        return aws.codebuild.Project(
            f"{self.name}-{architecture.replace('_', '-')}",
            description=f"fast-container: images for {architecture}",
            service_role=self.role_arn,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": kind,
                "image": settings.image or standard,
                "compute_type": settings.compute_type,
                "privileged_mode": settings.privileged,
                "image_pull_credentials_type": "SERVICE_ROLE" if settings.image else "CODEBUILD",
            },
            source={"type": "NO_SOURCE", "buildspec": BUILDSPEC},
            logs_config={"cloudwatch_logs": {"group_name": self.log_group, "status": "ENABLED"}},
            build_timeout=settings.timeout,
            queued_timeout=settings.queue_timeout,
            concurrent_build_limit=settings.concurrent_build_limit,
            vpc_config=(
                {"vpc_id": vpc.vpc_id, "subnets": list(vpc.subnets), "security_group_ids": list(vpc.security_group_ids)}
                if vpc
                else None
            ),
            tags=self._tags,
            opts=opts,
        )


@dataclass(frozen=True, slots=True)
class _Settings:
    compute_type: str
    image: str | None
    privileged: bool
    timeout: int
    queue_timeout: int
    concurrent_build_limit: int | None
    vpc: VpcConfig | None = field(default=None)


def architecture_of(platform: str) -> str | None:
    """The architecture of the project that builds for a platform, or None where there is none."""
    return _ARCHITECTURE_OF.get(platform.split("/")[1]) if platform.startswith("linux/") else None


def _check(architectures: Sequence[str], timeout: int, queue_timeout: int, expire_days: int) -> None:
    for index, architecture in enumerate(check_texts(architectures, "architectures")):
        if architecture not in get_args(Architecture):
            raise ArgsError(
                f"{architecture!r} is no architecture that CodeBuild builds for.",
                property_path=f"architectures[{index}]",
                next_step="one of: x86_64, arm64",
            )
    if not architectures:
        raise ArgsError("At least one architecture is needed.", property_path="architectures")
    ranges: dict[str, tuple[Any, int, int]] = {
        "timeout": (timeout, 5, 2160),
        "queue_timeout": (queue_timeout, 5, 480),
        "expire_days": (expire_days, 3, 3650),
    }
    for name, (value, least, most) in ranges.items():
        if not isinstance(value, int) or not least <= value <= most:
            raise ArgsError(f"{name} is {value!r}.", property_path=name, why=f"it must be from {least} to {most}")
