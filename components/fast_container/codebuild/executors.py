"""The executor of one project of a ``CodeBuildBuilder``.

Decides which outputs of the builder it needs, and awaits them: the resources exist by then. Leaves building to
``adapters.codebuild.executor``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.codebuild.api import CodeBuildApi
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.gathering import Sharing
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.builder_interface import ExecutorNeeds
from fast_container.codebuild.build_limits import BuildLimits
from fast_container.codebuild.installation import BuilderOutputs
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import SecretReference


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """A builder's settings for all its builds; see its arguments."""

    buildkit_image: pulumi.Input[str]
    mirrors: Mapping[str, str]
    logins: Mapping[str, SecretReference]
    pull_from: Sequence[pulumi.Input[str]]
    limits: BuildLimits


async def codebuild_executor(
    outputs: BuilderOutputs, architecture: str, settings: ExecutorSettings, access: AwsAccess, needs: ExecutorNeeds
) -> CodeBuildExecutor:
    """Make the executor of the project for an architecture."""
    bucket = str(await pulumi.Output.from_input(outputs.bucket).future())
    project = str(await pulumi.Output.from_input(outputs.projects[architecture]).future())
    prefix = str(await pulumi.Output.from_input(outputs.prefix).future())
    owner = str(await pulumi.Output.from_input(outputs.bucket_owner).future() or "")
    # Numbers come as floats from another stack.
    expire_days = int(await pulumi.Output.from_input(outputs.expire_days).future() or 0)
    buildkit_image = str(await pulumi.Output.from_input(settings.buildkit_image).future())
    urls = [await pulumi.Output.from_input(url).future() for url in settings.pull_from]
    session = AwsSession(access, needs.environment)
    store = S3SourceStore(lambda: session.client("s3"), bucket, prefix=prefix, expire_days=expire_days, owner=owner)
    return CodeBuildExecutor(
        CodeBuildApi(session.client, project, session.renew),
        store,
        needs.repository,
        buildkit_image=buildkit_image,
        mirrors=settings.mirrors,
        logins=settings.logins,
        pull_hosts=tuple(sorted({host_of(str(url)) for url in urls})),
        queue_timeout_s=settings.limits.queue_timeout_s,
        sharing=sharing_of(settings.limits, needs),
    )


def sharing_of(limits: BuildLimits, needs: ExecutorNeeds) -> Sharing | None:
    """Return how images share builds; None if each has its own."""
    if limits.images_per_build == 1:
        return None
    rules = limits.max_parallel, limits.images_per_build, limits.fills_builds
    return Sharing(*rules, needs.may_begin, needs.goes_first)
