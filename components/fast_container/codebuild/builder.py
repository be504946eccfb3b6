"""``CodeBuildBuilder``: what AWS needs to build the images of a stack, once for all of them.

Decides the resources (a private bucket for sources, a log group, a role with least privilege, a project for each
architecture) and their defaults. Leaves refusing arguments to ``codebuild.arguments``, the documents to
``codebuild.policies``, what images add to the role to ``codebuild.grants``, and running builds to
``adapters.codebuild.executor``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pulumi

from fast_container.builder_arguments import check_access, checked_cache
from fast_container.codebuild import policies
from fast_container.codebuild.arguments import check_builder_arguments, checked_shared, project_of, role_name_of
from fast_container.codebuild.grants import RoleGrants, is_ecr_emulated, start_of_names
from fast_container.codebuild.resources import (
    ProjectSettings,
    RoleSettings,
    VpcConfig,
    base_document,
    build_project,
    service_role,
    source_bucket,
)
from fast_container.core.aws_access import AwsAccess
from fast_container.core.registry_cache import RegistryCache
from fast_container.errors import FastContainerError
from fast_container.secret_sources import SecretsManagerSecret, SsmParameter
from fast_container.shapes import engine_input, engine_inputs, refused_as_one_line, shown

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

TYPE: Final = "fast-container:index:CodeBuildBuilder"
RegistryLogin: TypeAlias = "SecretsManagerSecret | SsmParameter"

DEFAULT_EXPIRE_DAYS: Final = 30
DEFAULT_LOG_DAYS: Final = 30
DEFAULT_QUEUE_TIMEOUT_MINUTES: Final = 480
DEFAULT_TIMEOUT_MINUTES: Final = 60
# In a bucket that is not ours alone.
PREFIX_IN_EXISTING: Final = "fast-container"
# Google's pull-through copy of Docker Hub: does not count against Docker Hub's limit on anonymous pulls.
DEFAULT_BUILDKIT_IMAGE: Final = "mirror.gcr.io/moby/buildkit:buildx-stable-1"
# Likewise for the images that Dockerfiles start from: CodeBuild's addresses are shared with everybody, and Docker Hub
# counts what an address pulls without a login. What the mirror does not have comes from Docker Hub itself.
DEFAULT_MIRRORS: Final[Mapping[str, str]] = {"docker.io": "mirror.gcr.io"}
# Without a limit of its own. Each build in a VPC makes a network interface, and EC2 throttles that.
_MOST_PARALLEL: Final = 10_000
_MOST_PARALLEL_IN_VPC: Final = 20
# What the project's own source names; it is never there, and no build reads it.
_PLACEHOLDER: Final = "none.zip"
_ARCHITECTURE_OF: Final = {"amd64": "x86_64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class BuilderOutputs:
    """What a builder's users need to know; also what another stack exports and hands over.

    Attributes:
        bucket: Name of the source bucket.
        projects: Architecture → name of its project.
        prefix: Key prefix of the sources.
        expire_days: When the bucket forgets a source.
        bucket_owner: The AWS account that the bucket must belong to; "" where it is not known.
    """

    bucket: pulumi.Input[str]
    projects: Mapping[str, pulumi.Input[str]]
    prefix: pulumi.Input[str] = ""
    expire_days: pulumi.Input[int] = DEFAULT_EXPIRE_DAYS
    bucket_owner: pulumi.Input[str] = ""


class CodeBuildBuilder(pulumi.ComponentResource):
    """Builds images on AWS CodeBuild, with no Docker on this machine.

    Args:
        name: The Pulumi name.
        architectures: A project is made for each of them.
        compute_type: CodeBuild's, as ``BUILD_GENERAL1_MEDIUM``.
        image: The build environment's image instead of AWS's standard one, for all architectures or for each of them;
            it needs Docker, buildx, Python 3.11 or newer and boto3. An image of your own is pulled with the service
            role, a curated one (``aws/codebuild/…``) by CodeBuild.
        buildkit_image: What the docker-container builder in a build starts from.
        privileged: Docker needs it; nothing but True can work, and the argument will go.
        timeout: Minutes that a build may take, 5 to 2160, where its image has no ``timeout`` of its own.
        queue_timeout: Minutes that a build may queue, 5 to 480.
        concurrent_build_limit: At most so many builds of a project at once; the rest waits here.
        vpc: Run the builds in a VPC.
        cache: Import and export a registry cache: ``RegistryCache(…)``, or an Output of one.
        pull_from: URLs of further ECR repositories that Dockerfiles build on, also of other accounts and regions:
            builds may read them and are logged in to their registries.
        mirrors: Registry → where BuildKit looks first: ``{"docker.io": "mirror.gcr.io"}``, or an ECR pull-through cache
            (``123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub``), which builds may then use. ``{}`` for none.
        registry_logins: Registry → where AWS keeps a login for it, a secret that is ``{"username": …, "password": …}``
            as JSON, for private base images that are not in ECR.
        bucket: Name of an existing bucket for sources, instead of a new one; only its prefix ``fast-container/`` is
            used.
        bucket_owner: AWS account of that bucket, where it is not the builder's own. A bucket of anybody else (one that
            was deleted and made again under its name) gets no source and gives none.
        kms_key: ARN of the key with which that bucket encrypts (SSE-KMS).
        role: Name or ARN of an existing service role, instead of a new one; it gets no policies: what it needs is the
            output ``service_role_policy``, and ``fast-container policy`` prints it.
        permissions_boundary: ARN of a policy that bounds the service role.
        fleet: ARN of a fleet of reserved capacity to build on.
        docker_server: Compute type of a Docker server that keeps layers from build to build; x86_64 only.
        shared: The output ``shared`` of another stack's builder: nothing is made but policies of its role, and of the
            arguments only ``architectures`` (those that it has), ``cache``, ``concurrent_build_limit``, ``timeout``,
            ``queue_timeout``, ``pull_from``, ``mirrors``, ``registry_logins``, ``kms_key``, ``wait`` and ``aws_access``
            count; and ``role``, which must be given where the other builder has a role that is not its own.
        expire_days: After how many days a source is removed, at least 3; for an existing bucket, what its own rules
            say.
        log_retention_days: CloudWatch's.
        wait: False: ``up`` starts the builds and returns; read docs/codebuild.md before you use it.
        aws_access: How to reach AWS where the stack's ``aws:`` configuration does not say it.
        tags: AWS tags.
        opts: Resource options of the component.

    Attributes:
        bucket: Name of the bucket for sources.
        log_group: Name of the builds' log group.
        role_arn: ARN of the service role.
        shared: What other stacks need to build with the same projects, as a plain object; export it.

    Raises:
        pulumi.RunError: An argument cannot be right.
    """

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
        timeout: int = DEFAULT_TIMEOUT_MINUTES,
        queue_timeout: int = DEFAULT_QUEUE_TIMEOUT_MINUTES,
        concurrent_build_limit: int | None = None,
        vpc: VpcConfig | None = None,
        cache: pulumi.Input[RegistryCache] | None = None,
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
        aws_access: AwsAccess | None = None,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        try:
            check_builder_arguments(
                name=name,
                architectures=architectures,
                compute_type=compute_type,
                image=image,
                buildkit_image=buildkit_image,
                privileged=privileged,
                timeout=timeout,
                queue_timeout=queue_timeout,
                concurrent_build_limit=concurrent_build_limit,
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
            check_access(aws_access, "aws_access")
        except FastContainerError as error:
            raise pulumi.RunError(f"CodeBuildBuilder {shown(name)}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        self.name, self.aws, self.wait, self.cache = name, aws_access, wait, cache
        self.buildkit_image, self.queue_timeout_s, self.timeout_s = buildkit_image, queue_timeout * 60.0, timeout * 60.0
        self.max_parallel = concurrent_build_limit or (_MOST_PARALLEL if vpc is None else _MOST_PARALLEL_IN_VPC)
        self.mirrors, self.registry_logins, self.pull_from = dict(mirrors), dict(registry_logins or {}), pull_from or ()
        self._child, self._tags, self._kms_key = pulumi.ResourceOptions(parent=self), tags, kms_key
        self._bucket_owner = bucket_owner
        if taken is not None:
            self._take(taken, architectures, own_role=role is None)
        else:
            settings = ProjectSettings(
                compute_type, image, timeout, queue_timeout, concurrent_build_limit, vpc, fleet, docker_server
            )
            bounds = RoleSettings(role, permissions_boundary, kms_key, vpc.subnets if vpc else ())
            self._make(architectures, settings, bucket, bounds, expire_days, log_retention_days)
        self._always = self._always_granted()
        self.register_outputs(
            {"bucket": self.bucket, "log_group": self.log_group, "role_arn": self.role_arn, "shared": self.shared}
        )

    @property
    def deployer_policy(self) -> pulumi.Output[str]:
        """What ``pulumi up`` needs at build time, for the images declared so far, as JSON; export it at the end."""
        repositories = list(self._grants.pushed.values())
        facts = pulumi.Output.all(shared=self.shared, repositories=repositories, key=self._kms_key or "")

        def document(found: dict[str, Any]) -> str:
            shared, bucket = found["shared"], f"arn:aws:s3:::{found['shared']['bucket']}"
            group = str(shared["log_group_arn"])
            partition, _, region, account = group.split(":")[1:5]
            where = f"arn:{partition}:codebuild:{region}:{account}:project"
            projects = [f"{where}/{project}" for project in shared["projects"].values()]
            bucket = bucket.replace("arn:aws:", f"arn:{partition}:")
            pushed, key = found["repositories"], str(found["key"])
            return json.dumps(policies.deployer(projects, bucket, shared["prefix"], group, pushed, kms_key_arn=key))

        return facts.apply(document)

    @property
    def service_role_policy(self) -> pulumi.Output[str]:
        """What builds need, for the images declared so far, as JSON: for a ``role=`` of yours; export it at the end."""
        kinds = [kind for kind, _ in self._grants.granted]
        facts = pulumi.Output.all(self._base, self._grants.near, *self._grants.granted.values())

        def whole(found: Sequence[Any]) -> str:
            grants = list(zip(kinds, found[2:], strict=True))
            return json.dumps(policies.joined(found[0], policies.granted(grants, found[1].split(":")[1])))

        return facts.apply(whole)

    def grant_push(self, repository: str, place: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Let builds push to a repository; granted once, however many images it has.

        Args:
            repository: What the repository is told apart by.
            place: Its ARN, or its URL; on a registry that is not ECR nothing can be granted.
        """
        return [*self._always, *self._grants.push(repository, place)]

    def grant_pull(self, url: pulumi.Input[str], base: pulumi.Resource | None = None) -> Sequence[pulumi.Resource]:
        """Let builds pull from a repository, such as that of a base image.

        Args:
            url: The repository.
            base: The component that it belongs to, by which it is told apart.
        """
        told_apart = url if isinstance(url, str) else f"output {id(url if base is None else base)}"
        return self._grants.pull(told_apart, url)

    def grant_secrets(self, secrets: Mapping[str, object]) -> Sequence[pulumi.Resource]:
        """Let builds read the secrets that AWS keeps."""
        return self._grants.secrets(secrets)

    def _always_granted(self) -> list[pulumi.Resource]:
        """What every build is granted beside its own repository."""
        found: list[pulumi.Resource] = []
        for index, url in enumerate(self.pull_from):
            found += self._grants.pull(f"argument {index}", url)
        for place in self.mirrors.values():
            found += self._grants.pull_through(place)
        found += self._grants.secrets(self.registry_logins)
        if self.cache is not None:
            cache = pulumi.Output.from_input(self.cache)
            found += self._grants.push("cache", cache.apply(lambda it: pulumi.Output.from_input(it.repository_url)))
        return found

    def _make(
        self,
        architectures: Sequence[str],
        settings: ProjectSettings,
        bucket: str | None,
        bounds: RoleSettings,
        expire_days: int,
        log_retention_days: int,
    ) -> None:
        prefix = PREFIX_IN_EXISTING if bucket is not None else ""
        protection: list[pulumi.Resource] = []
        if bucket is None:
            made, protection = source_bucket(self.name, expire_days, self._tags, self._child)
            self.bucket, bucket_arn = made.bucket, made.arn
        else:
            found = aws.s3.get_bucket_output(bucket=bucket, opts=pulumi.InvokeOutputOptions(parent=self))
            self.bucket, bucket_arn = found.bucket, found.arn
        log_group = aws.cloudwatch.LogGroup(
            f"{self.name}-logs",
            name=f"/fast-container/{pulumi.get_project()}/{pulumi.get_stack()}/{self.name}",
            retention_in_days=log_retention_days,
            tags=self._tags,
            opts=self._child,
        )
        self.log_group = log_group.name
        self._base = base_document(bucket_arn, prefix, log_group.arn, bounds)
        self.role_arn, role_name, needed = service_role(
            self.name, bounds, self._base, log_group.arn, self._tags, self._child
        )
        self._grants = RoleGrants(self.name, role_name, log_group.arn, self._child, is_ecr_emulated(self.aws))
        after = pulumi.ResourceOptions(parent=self, depends_on=[*protection, *needed])
        placeholder = self.bucket.apply(lambda found: "/".join(filter(None, (found, prefix, _PLACEHOLDER))))
        projects = {
            arch: build_project(
                self.name, arch, settings, self.role_arn, self.log_group, placeholder, self._tags, after
            ).name
            for arch in architectures
        }
        owner = log_group.arn.apply(lambda arn: self._bucket_owner or account_of(arn))
        self.outputs = BuilderOutputs(self.bucket, dict(projects), prefix, expire_days, owner)
        self.shared = pulumi.Output.all(
            bucket=self.bucket,
            projects=projects,
            prefix=prefix,
            expire_days=expire_days,
            bucket_owner=owner,
            role_arn=self.role_arn,
            role_name=role_name or "",
            log_group_arn=log_group.arn,
            buildkit_image=self.buildkit_image,
            timeout=settings.timeout,
            queue_timeout=settings.queue_timeout,
        )

    def _take(self, shared: pulumi.Output[Any], architectures: Sequence[str], *, own_role: bool) -> None:
        """Use what another stack's builder has made."""
        self.shared = shared
        self.bucket, self.role_arn = shared["bucket"], shared["role_arn"]
        self.log_group = shared["log_group_arn"].apply(lambda arn: arn.split(":")[6])
        arn = self.bucket.apply(lambda bucket: f"arn:aws:s3:::{bucket}")
        self._base = base_document(arn, shared["prefix"], shared["log_group_arn"], RoleSettings())
        start = start_of_names(pulumi.get_project(), pulumi.get_stack(), self.name)
        role_name = role_name_of(shared) if own_role else None
        self._grants = RoleGrants(start, role_name, shared["log_group_arn"], self._child, is_ecr_emulated(self.aws))
        projects = {architecture: project_of(shared, architecture) for architecture in architectures}
        owner = shared.apply(lambda found: str(found.get("bucket_owner") or account_of(found["log_group_arn"])))
        self.outputs = BuilderOutputs(self.bucket, projects, shared["prefix"], shared["expire_days"], owner)
        self.buildkit_image = shared["buildkit_image"]


def account_of(arn: str) -> str:
    """The account that an ARN names; "" where it names none, as an emulator's or a test's may."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    return account if len(account) == 12 and account.isascii() and account.isdigit() else ""


def architecture_of(platform: str) -> str | None:
    """The architecture of the project that builds for a platform, or None where there is none."""
    return _ARCHITECTURE_OF.get(platform.split("/")[1]) if platform.startswith("linux/") else None
