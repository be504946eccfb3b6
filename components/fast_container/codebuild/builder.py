"""``CodeBuildBuilder``: the AWS resources that build the images of a stack, once for all of them.

Decides its arguments and their defaults, and answers an image's questions to a builder. Leaves refusing arguments to
``codebuild.arguments``, the resources to ``codebuild.installation``, the images' additions to the role to
``codebuild.grants``, and running builds to ``adapters.codebuild.executor``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias

import pulumi

from fast_container.adapters.codebuild.executor import CodeBuildExecutor, remote_secret
from fast_container.builder_arguments import check_access, checked_cache
from fast_container.builder_interface import Builder, CheckRegistry, ExecutorNeeds, Grants
from fast_container.codebuild import installation
from fast_container.codebuild.architectures import architecture_of
from fast_container.codebuild.arguments import (
    DEFAULT_BUILDKIT_IMAGE,
    DEFAULT_EXPIRE_DAYS,
    DEFAULT_LOG_DAYS,
    DEFAULT_MIRRORS,
    check_builder_arguments,
    checked_shared,
)
from fast_container.codebuild.build_limits import ImagesPerBuild, checked_limits
from fast_container.codebuild.executors import ExecutorSettings, codebuild_executor
from fast_container.codebuild.grants import is_ecr_emulated
from fast_container.codebuild.resources import ProjectSettings, RoleSettings, VpcConfig
from fast_container.core.aws_access import AwsAccess
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.registry_cache import RegistryCache
from fast_container.deprecated import renamed
from fast_container.errors import ArgsError, FastContainerError
from fast_container.secret_sources import SecretsManagerSecret, SsmParameter, references
from fast_container.shapes import engine_input, engine_inputs, refused_as_one_line, shown

TYPE: Final = "fast-container:index:CodeBuildBuilder"
RegistryLogin: TypeAlias = "SecretsManagerSecret | SsmParameter"


class CodeBuildBuilder(pulumi.ComponentResource, Builder):
    """Builds images on AWS CodeBuild, with no Docker on this machine.

    Args:
        name: The Pulumi name.
        architectures: A project is made for each of them.
        compute_type: CodeBuild's, as ``BUILD_GENERAL1_MEDIUM``.
        image: The build environment's image instead of AWS's standard one, for all architectures or for each of them;
            it needs Docker, buildx, Python 3.11 or newer and boto3. An image of your own is pulled with the service
            role, a curated one (``aws/codebuild/…``) by CodeBuild.
        buildkit_image: The image of the docker-container builder in a build.
        privileged: Docker needs it; only True works, and the argument will go.
        timeout_s: Seconds after which a build is stopped if its image has no ``timeout_s`` of its own; 300 to
            129600, default 3600. CodeBuild counts whole minutes.
        queue_timeout_s: Seconds that a build may queue, 300 to 28800; default 28800.
        max_parallel: Builds of a project at once, which CodeBuild calls ``concurrentBuildLimit``; the rest waits here.
            Default: no limit but the account's, in a VPC 20.
        images_per_build: ``"auto"``: images that would wait for a place share a build, at most 8 of them. A number, at
            most 16: so many share one, even while there are places (docs/codebuild.md).
        vpc: Run the builds in a VPC.
        cache: Import and export a registry cache: ``RegistryCache(…)``, or an Output of one.
        cache_export: As for ``LocalBuilder``.
        pull_from: URLs of further ECR repositories of base images, also of other accounts and regions: builds may read
            them and are logged in to their registries.
        mirrors: Registry → where BuildKit looks first: ``{"docker.io": "mirror.gcr.io"}``, or an ECR pull-through cache
            (``123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub``), which builds may then use. ``{}`` for none.
        registry_logins: Registry → where AWS keeps a login for it, a secret that is ``{"username": …, "password": …}``
            as JSON, for private base images that are not in ECR.
        bucket: Name of an existing bucket for sources, instead of a new one; only its prefix ``fast-container/`` is
            used.
        bucket_owner: AWS account of that bucket if it is not the builder's own. A bucket of any other account (one
            that was deleted and made again under its name) is neither written nor read.
        kms_key: ARN of the key with which that bucket encrypts (SSE-KMS).
        role: Name or ARN of an existing service role, instead of a new one; it gets no policies: the output
            ``service_role_policy`` is the policy that it needs, and ``fast-container policy`` prints it.
        permissions_boundary: ARN of a policy that bounds the service role.
        fleet: ARN of a fleet of reserved capacity to build on.
        docker_server: Compute type of a Docker server that keeps layers from build to build; x86_64 only.
        shared: The output ``shared`` of another stack's builder: nothing is made but policies of its role, and of the
            arguments only ``architectures`` (those that it has), ``cache``, ``cache_export``, ``max_parallel``,
            ``images_per_build``, ``timeout_s``, ``queue_timeout_s``, ``pull_from``, ``mirrors``, ``registry_logins``,
            ``kms_key``, ``wait`` and ``aws`` count; and ``role``, which must be given if the other builder has a role
            that is not its own.
        expire_days: After how many days a source is removed, at least 3; for an existing bucket, the days of its own
            rules.
        log_retention_days: CloudWatch's.
        wait: False: ``up`` starts the builds and returns; read docs/codebuild.md before you use it.
        check_registry: As for ``LocalBuilder``.
        aws: How to reach AWS if the stack's ``aws:`` configuration does not say it.
        tags: AWS tags.
        opts: Resource options of the component.
        timeout: The former name of ``timeout_s``, in minutes.
        queue_timeout: The former name of ``queue_timeout_s``, in minutes.
        concurrent_build_limit: The former name of ``max_parallel``.
        aws_access: The former name of ``aws``.

    Attributes:
        bucket: Name of the bucket for sources.
        log_group: Name of the builds' log group.
        role_arn: ARN of the service role.
        shared: A plain object with which other stacks build with the same projects; export it.

    Raises:
        pulumi.RunError: An argument cannot be right.
    """

    kind: ClassVar[str] = "codebuild"
    reads_secrets: ClassVar[bool] = True

    bucket: pulumi.Output[str]
    log_group: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    shared: pulumi.Output[dict[str, Any]]

    @refused_as_one_line("CodeBuildBuilder")
    def __init__(
        self,
        name: str,
        *,
        architectures: Sequence[str] = ("x86_64",),
        compute_type: str = "BUILD_GENERAL1_MEDIUM",
        image: str | Mapping[str, str] | None = None,
        buildkit_image: str = DEFAULT_BUILDKIT_IMAGE,
        privileged: bool = True,
        timeout_s: float | None = None,
        queue_timeout_s: float | None = None,
        max_parallel: int | None = None,
        images_per_build: ImagesPerBuild = 1,
        vpc: VpcConfig | None = None,
        cache: pulumi.Input[RegistryCache] | None = None,
        cache_export: CacheExportPolicy = "always",
        pull_from: Sequence[pulumi.Input[str]] | None = None,
        mirrors: Mapping[str, str] = DEFAULT_MIRRORS,
        registry_logins: Mapping[str, RegistryLogin] | None = None,
        bucket: str | None = None,
        bucket_owner: str | None = None,
        kms_key: pulumi.Input[str] | None = None,
        role: pulumi.Input[str] | None = None,
        permissions_boundary: pulumi.Input[str] | None = None,
        fleet: pulumi.Input[str] | None = None,
        docker_server: str | None = None,
        shared: pulumi.Input[Mapping[str, Any]] | None = None,
        expire_days: int = DEFAULT_EXPIRE_DAYS,
        log_retention_days: int = DEFAULT_LOG_DAYS,
        wait: bool = True,
        check_registry: CheckRegistry = "changed",
        aws: AwsAccess | None = None,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        timeout: int | None = None,
        queue_timeout: int | None = None,
        concurrent_build_limit: int | None = None,
        aws_access: AwsAccess | None = None,
    ) -> None:
        called = f"CodeBuildBuilder {shown(name)}"
        try:
            check_builder_arguments(
                name=name,
                architectures=architectures,
                compute_type=compute_type,
                image=image,
                buildkit_image=buildkit_image,
                privileged=privileged,
                vpc=vpc,
                pull_from=pull_from,
                mirrors=mirrors,
                registry_logins=registry_logins,
                bucket=bucket,
                bucket_owner=bucket_owner,
                kms_key=kms_key is not None,
                role=role is not None,
                permissions_boundary=permissions_boundary is not None,
                fleet=fleet is not None,
                docker_server=docker_server,
                shared=shared is not None,
                expire_days=expire_days,
                log_retention_days=log_retention_days,
                wait=wait,
                check_registry=check_registry,
                cache_export=cache_export,
                tags=tags is not None,
                opts=opts,
            )
            role = None if role is None else engine_input(role, "role")
            kms_key = None if kms_key is None else engine_input(kms_key, "kms_key")
            fleet = None if fleet is None else engine_input(fleet, "fleet")
            if permissions_boundary is not None:
                permissions_boundary = engine_input(permissions_boundary, "permissions_boundary")
            tags = engine_inputs(tags, "tags")
            cache, taken = checked_cache(cache), checked_shared(shared)
            check_access(aws, "aws")
            check_access(aws_access, "aws_access")
            aws = renamed(aws_access, aws, old="aws_access", new="aws", component=called)
            limits = checked_limits(
                called,
                timeout_s=timeout_s,
                queue_timeout_s=queue_timeout_s,
                max_parallel=max_parallel,
                timeout=timeout,
                queue_timeout=queue_timeout,
                concurrent_build_limit=concurrent_build_limit,
                images_per_build=images_per_build,
                in_vpc=vpc is not None,
            )
        except FastContainerError as error:
            raise pulumi.RunError(f"{called}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        self.name, self.aws, self.wait, self.cache, self.check_registry = name, aws, wait, cache, check_registry
        self.cache_export = cache_export
        self._limits, self.timeout_s, self.queue_timeout_s = limits, limits.timeout_s, limits.queue_timeout_s
        self.max_parallel, self.images_per_build = limits.max_parallel, limits.images_per_build
        self.mirrors, self.registry_logins, self.pull_from = dict(mirrors), dict(registry_logins or {}), pull_from or ()
        self._kms_key, self._is_shared = kms_key, taken is not None
        emulated = is_ecr_emulated(aws)
        if taken is not None:
            self._installed = installation.shared_installation(
                self, name, taken, architectures, own_role=role is None, emulated=emulated
            )
        else:
            project = ProjectSettings(compute_type, image, limits, vpc, fleet, docker_server)
            service = RoleSettings(role, permissions_boundary, kms_key, vpc.subnets if vpc else ())
            places = bucket, bucket_owner, expire_days, log_retention_days
            settings = installation.InstallationSettings(architectures, project, service, *places, buildkit_image, tags)
            self._installed = installation.make_installation(self, name, settings, emulated=emulated)
        self._grants, self.outputs = self._installed.grants, self._installed.outputs
        self.bucket, self.log_group = self._installed.bucket, self._installed.log_group
        self.role_arn, self.shared = self._installed.role_arn, self._installed.shared
        self._always = self._grants.always(self.pull_from, self.mirrors, self.registry_logins, cache)
        self.register_outputs(
            {"bucket": self.bucket, "log_group": self.log_group, "role_arn": self.role_arn, "shared": self.shared}
        )

    @property
    def deployer_policy(self) -> pulumi.Output[str]:
        """The permissions of ``pulumi up`` at build time for the images declared so far, as JSON; export it last."""
        return self._installed.deployer_policy(self._kms_key)

    @property
    def service_role_policy(self) -> pulumi.Output[str]:
        """The permissions of builds for the images declared so far, as JSON for a ``role=`` of yours."""
        return self._installed.service_role_policy()

    @property
    def own_projects(self) -> Mapping[str, pulumi.Input[str]]:
        """Its projects as ``Builder.own_projects``; those of another stack's builder are not its own."""
        return {} if self._is_shared else self.outputs.projects

    def grant_push(self, repository: str, place: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Let builds push to a repository; granted once, however many images it has.

        Args:
            repository: Identity of the repository.
            place: Its ARN, or its URL; on a registry that is not ECR nothing can be granted.
        """
        return [*self._always, *self._grants.push(repository, place)]

    def grant_pull(self, url: pulumi.Input[str], base: pulumi.Resource | None = None) -> Sequence[pulumi.Resource]:
        """Let builds pull from a repository, such as that of a base image.

        Args:
            url: The repository.
            base: The component that it belongs to, which is its identity.
        """
        told_apart = url if isinstance(url, str) else f"output {id(url if base is None else base)}"
        return self._grants.pull(told_apart, url)

    def grant_secrets(self, secrets: Mapping[str, object]) -> Sequence[pulumi.Resource]:
        """Let builds read the secrets that AWS keeps."""
        return self._grants.secrets(secrets)

    def grants(self, image: Grants) -> Sequence[pulumi.Resource]:
        """Grant as ``Builder.grants``: the image's repository, its secrets, and its bases."""
        granted = [self, *self.grant_push(*image.repository), *self.grant_secrets(image.secrets)]
        for url, base in image.bases:
            granted += self.grant_pull(url, base)
        return granted

    def check_image(self, platform: str, secrets: Mapping[str, object]) -> None:
        """Check as ``Builder.check_image``: a project for the platform, and secrets that are references."""
        self.executor_key(platform)
        for secret, source in secrets.items():
            if not isinstance(source, SecretsManagerSecret | SsmParameter):
                raise remote_secret(secret)

    def check_own_caches(self, argument: str) -> None:
        """Refuse them as ``Builder.check_own_caches``."""
        raise ArgsError(
            "An image that CodeBuild builds has no caches of its own.",
            property_path=argument,
            why="the builds' role may use the builder's cache repository, and no other",
            next_step="Write CodeBuildBuilder(…, cache=RegistryCache(repository_url)).",
        )

    def executor_key(self, platform: str) -> str:
        """Return the key as ``Builder.executor_key``: the architecture of the project that builds for the platform."""
        architecture = architecture_of(platform)
        if architecture is None or architecture not in self.outputs.projects:
            raise ArgsError(
                f"The builder {self.name!r} has no project that builds for {platform}.",
                property_path="platform",
                next_step=f"Write CodeBuildBuilder({self.name!r}, architectures=[…, {architecture or 'x86_64'!r}]).",
            )
        return architecture

    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> CodeBuildExecutor:
        """Make an executor as ``Builder.executor``."""
        fixed = self._installed.buildkit_image, self.mirrors, references(self.registry_logins), self.pull_from
        return await codebuild_executor(self.outputs, key, ExecutorSettings(*fixed, self._limits), access, needs)
