"""The resources below the builds of one ``CodeBuildBuilder``: bucket, log group, role and projects.

Decides which resources a builder makes, and its export for other stacks. Leaves the settings of each resource to
``codebuild.resources``, and the images' additions to the role to ``codebuild.grants``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi

from fast_container.codebuild import policies
from fast_container.codebuild.arguments import project_of, role_name_of
from fast_container.codebuild.grants import RoleGrants, start_of_names
from fast_container.codebuild.resources import (
    ProjectSettings,
    RoleSettings,
    Tags,
    base_document,
    build_project,
    service_role,
    source_bucket,
)

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

# The prefix in a bucket that has other users.
PREFIX_IN_EXISTING: Final = "fast-container"
# The object that the project's own source names; it never exists, and no build reads it.
_PLACEHOLDER: Final = "none.zip"
# Only a unit test's mocks lack an ARN.
_MOCKED: Final = "arn:aws:logs:::log-group:mocked"


@dataclass(frozen=True, slots=True)
class BuilderOutputs:
    """The outputs for a builder's users; also the export for another stack.

    Attributes:
        bucket: Name of the source bucket.
        projects: Architecture → name of its project.
        prefix: Key prefix of the sources.
        expire_days: After how many days the bucket removes a source.
        bucket_owner: The AWS account that must own the bucket; "" if it is not known.
    """

    bucket: pulumi.Input[str]
    projects: Mapping[str, pulumi.Input[str]]
    prefix: pulumi.Input[str]
    expire_days: pulumi.Input[int]
    bucket_owner: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class Installation:
    """The resources of a builder, made by it or by another stack's.

    Attributes:
        bucket: Name of the bucket for sources.
        log_group: Name of the builds' log group.
        role_arn: ARN of the service role.
        base: The permissions of every build, as a policy of the role.
        grants: The policies that images add to the role.
        outputs: The outputs for an executor.
        shared: The export for another stack, as a plain object.
        buildkit_image: The image of the BuildKit of a build.
    """

    bucket: pulumi.Output[str]
    log_group: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    base: pulumi.Output[dict[str, Any]]
    grants: RoleGrants
    outputs: BuilderOutputs
    shared: pulumi.Output[Any]
    buildkit_image: pulumi.Input[str]

    def deployer_policy(self, kms_key: pulumi.Input[str] | None) -> pulumi.Output[str]:
        """Return the permissions of ``pulumi up`` at build time, for the images declared so far, as JSON."""
        repositories = list(self.grants.pushed.values())
        facts = pulumi.Output.all(shared=self.shared, repositories=repositories, key=kms_key or "")
        return facts.apply(_deployer_document)

    def service_role_policy(self) -> pulumi.Output[str]:
        """Return the permissions of builds, for the images declared so far, as JSON."""
        kinds = [kind for kind, _ in self.grants.granted]
        facts = pulumi.Output.all(self.base, self.grants.near, *self.grants.granted.values())

        def whole(found: Sequence[Any]) -> str:
            grants = list(zip(kinds, found[2:], strict=True))
            return json.dumps(policies.joined(found[0], policies.granted(grants, found[1].split(":")[1])))

        return facts.apply(whole)


@dataclass(frozen=True, slots=True)
class InstallationSettings:
    """The settings of a new builder; see the builder's arguments."""

    architectures: Sequence[str]
    project: ProjectSettings
    role: RoleSettings
    bucket: str | None
    bucket_owner: str | None
    expire_days: int
    log_retention_days: int
    buildkit_image: str
    tags: Tags


def make_installation(
    builder: pulumi.ComponentResource, name: str, settings: InstallationSettings, *, emulated: bool
) -> Installation:
    """Make the resources of a builder.

    Args:
        builder: Their parent.
        name: Start of their names.
        settings: Their settings.
        emulated: Whether the stack's ECR is an emulator's.
    """
    child = pulumi.ResourceOptions(parent=builder)
    prefix = PREFIX_IN_EXISTING if settings.bucket is not None else ""
    protection: list[pulumi.Resource] = []
    if settings.bucket is None:
        own, protection = source_bucket(name, settings.expire_days, settings.tags, child)
        bucket, bucket_arn = own.bucket, own.arn
    else:
        found = aws.s3.get_bucket_output(bucket=settings.bucket, opts=pulumi.InvokeOutputOptions(parent=builder))
        bucket, bucket_arn = found.bucket, found.arn
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/fast-container/{pulumi.get_project()}/{pulumi.get_stack()}/{name}",
        retention_in_days=settings.log_retention_days,
        tags=settings.tags,
        opts=child,
    )
    logs = log_group.arn.apply(lambda arn: arn or _MOCKED)
    base = base_document(bucket_arn, prefix, logs, settings.role)
    role_arn, role_name, needed = service_role(name, settings.role, base, logs, settings.tags, child)
    grants = RoleGrants(name, role_name, logs, child, emulated)
    after = pulumi.ResourceOptions(parent=builder, depends_on=[*protection, *needed])
    placeholder = bucket.apply(lambda found: "/".join(filter(None, (found, prefix, _PLACEHOLDER))))
    projects = {
        architecture: build_project(
            name, architecture, settings.project, role_arn, log_group.name, placeholder, settings.tags, after
        ).name
        for architecture in settings.architectures
    }
    owner = logs.apply(lambda arn: settings.bucket_owner or account_of(arn))
    shared = pulumi.Output.all(
        bucket=bucket,
        projects=projects,
        prefix=prefix,
        expire_days=settings.expire_days,
        bucket_owner=owner,
        role_arn=role_arn,
        role_name=role_name or "",
        log_group_arn=logs,
        buildkit_image=settings.buildkit_image,
        # In minutes, as stacks of every version have exported them.
        timeout=settings.project.limits.timeout_minutes,
        queue_timeout=settings.project.limits.queue_timeout_minutes,
    )
    outputs = BuilderOutputs(bucket, dict(projects), prefix, settings.expire_days, owner)
    return Installation(bucket, log_group.name, role_arn, base, grants, outputs, shared, settings.buildkit_image)


def shared_installation(
    builder: pulumi.ComponentResource,
    name: str,
    shared: pulumi.Output[Any],
    architectures: Sequence[str],
    *,
    own_role: bool,
    emulated: bool,
) -> Installation:
    """Use the resources of another stack's builder.

    Args:
        builder: Parent of the role's policies.
        name: Name of the builder here.
        shared: The other stack's export.
        architectures: Those that are used here.
        own_role: Whether the other builder made its role.
        emulated: Whether the stack's ECR is an emulator's.
    """
    bucket = shared["bucket"]
    arn = bucket.apply(lambda found: f"arn:aws:s3:::{found}")
    owner = shared.apply(lambda found: str(found.get("bucket_owner") or account_of(found["log_group_arn"])))
    projects = {architecture: project_of(shared, architecture) for architecture in architectures}
    return Installation(
        bucket=bucket,
        log_group=shared["log_group_arn"].apply(lambda found: found.split(":")[6]),
        role_arn=shared["role_arn"],
        base=base_document(arn, shared["prefix"], shared["log_group_arn"], RoleSettings()),
        grants=RoleGrants(
            start_of_names(pulumi.get_project(), pulumi.get_stack(), name),
            role_name_of(shared) if own_role else None,
            shared["log_group_arn"],
            pulumi.ResourceOptions(parent=builder),
            emulated,
        ),
        outputs=BuilderOutputs(bucket, projects, shared["prefix"], shared["expire_days"], owner),
        shared=shared,
        buildkit_image=shared["buildkit_image"],
    )


def account_of(arn: str) -> str:
    """Return the account in an ARN; "" for the ARNs without one of an emulator or a test."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    return account if len(account) == 12 and account.isascii() and account.isdigit() else ""


def _deployer_document(found: dict[str, Any]) -> str:
    shared = found["shared"]
    group = str(shared["log_group_arn"])
    partition, _, region, account = group.split(":")[1:5]
    where = f"arn:{partition}:codebuild:{region}:{account}:project"
    projects = [f"{where}/{project}" for project in shared["projects"].values()]
    bucket = f"arn:{partition}:s3:::{shared['bucket']}"
    pushed, key = found["repositories"], str(found["key"])
    return json.dumps(policies.deployer(projects, bucket, shared["prefix"], group, pushed, kms_key_arn=key))
