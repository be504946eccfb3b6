"""The executors of one program: who builds, with what limit over all of a builder's images.

A composition root: makes an executor from what a builder says, once its resources are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import pulumi

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.codebuild.api import CodeBuildApi
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.build.scheduler import LimitedExecutor
from fast_container.builders import LocalBuilder
from fast_container.codebuild.builder import BuilderOutputs, CodeBuildBuilder, architecture_of
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob, Credentials, Executor, Registry
from fast_container.errors import ArgsError
from fast_container.state.secret_values import references

AnyBuilder: TypeAlias = "LocalBuilder | CodeBuildBuilder"


@dataclass(slots=True)
class ProgramExecutors:
    """Executors by builder and, for CodeBuild, architecture; see the module."""

    push_credentials: Callable[[str], Credentials | None]
    repository: Callable[[str], Registry]
    may_begin: Callable[[], None]
    goes_first: Callable[[BuildJob], bool]
    environment: dict[str, str]
    _limited: dict[tuple[int, str], LimitedExecutor] = field(default_factory=dict[tuple[int, str], LimitedExecutor])
    _remote: dict[tuple[int, str], CodeBuildExecutor] = field(default_factory=dict[tuple[int, str], CodeBuildExecutor])

    async def executor(self, builder: AnyBuilder, platform: str, access: AwsAccess) -> LimitedExecutor:
        """The executor for a platform; all images of a builder share its limit."""
        made: Executor
        if isinstance(builder, LocalBuilder):
            identity, made = (id(builder), ""), builder.executor(self.push_credentials)
        else:
            identity = (id(builder), project_architecture(builder, platform))
            made = await self.codebuild(builder, platform, access)
        limited = LimitedExecutor(made, builder.max_parallel, self.may_begin, self.goes_first)
        return self._limited.setdefault(identity, limited)

    async def codebuild(self, builder: CodeBuildBuilder, platform: str, access: AwsAccess) -> CodeBuildExecutor:
        """The executor of the builder's project for a platform, without the limit."""
        architecture = project_architecture(builder, platform)
        identity = (id(builder), architecture)
        if identity not in self._remote:
            made = await self._codebuild(builder, architecture, access)
            # Somebody else may have made it while this one awaited; there must be one poller.
            self._remote.setdefault(identity, made)
        return self._remote[identity]

    async def _codebuild(self, builder: CodeBuildBuilder, architecture: str, access: AwsAccess) -> CodeBuildExecutor:
        outputs: BuilderOutputs = builder.outputs
        bucket = str(await pulumi.Output.from_input(outputs.bucket).future())
        project = str(await pulumi.Output.from_input(outputs.projects[architecture]).future())
        prefix = str(await pulumi.Output.from_input(outputs.prefix).future())
        owner = str(await pulumi.Output.from_input(outputs.bucket_owner).future() or "")
        # Numbers come as floats from another stack.
        expire_days = int(await pulumi.Output.from_input(outputs.expire_days).future() or 0)
        buildkit_image = str(await pulumi.Output.from_input(builder.buildkit_image).future())
        urls = [await pulumi.Output.from_input(url).future() for url in builder.pull_from]
        session = AwsSession(access, self.environment)
        store = S3SourceStore(lambda: session.client("s3"), bucket, prefix=prefix, expire_days=expire_days, owner=owner)
        return CodeBuildExecutor(
            CodeBuildApi(session.client, project, session.renew),
            store,
            self.repository,
            buildkit_image=buildkit_image,
            mirrors=builder.mirrors,
            logins=references(builder.registry_logins),
            pull_hosts=tuple(sorted({host_of(str(url)) for url in urls})),
            queue_timeout_s=builder.queue_timeout_s,
        )


def project_architecture(builder: CodeBuildBuilder, platform: str) -> str:
    """The builder's project for a platform.

    Raises:
        ArgsError: It has none.
    """
    architecture = architecture_of(platform)
    if architecture is None or architecture not in builder.outputs.projects:
        raise ArgsError(
            f"The builder {builder.name!r} has no project that builds for {platform}.",
            property_path="platform",
            next_step=f"CodeBuildBuilder({builder.name!r}, architectures=[…, {architecture or 'x86_64'!r}])",
        )
    return architecture
