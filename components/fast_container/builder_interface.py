"""``Builder``: the questions that an image asks of its builder, whichever that is.

Decides the questions: what cannot be built there, what must be granted for it, which executor builds it, how many at
once and how long. A further builder answers them and needs no change elsewhere: images, hook and jobs never ask which
builder they have. Leaves the answers to ``builders`` (this machine's BuildKit) and ``codebuild.builder``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import pulumi

from fast_container.core.aws_access import AwsAccess
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.ports import BuildJob, Credentials, Executor, Registry
from fast_container.core.registry_cache import RegistryCache

CheckRegistry: TypeAlias = Literal["changed", "always"]
"""Of which images a preview and an ``up`` look up the key tag: of those whose key changed, or of all."""


@dataclass(frozen=True, slots=True)
class Grants:
    """The things that the builds of one image read and write.

    Attributes:
        repository: Identity of the image's repository in a program, and its ARN or URL.
        bases: Repositories of the base images, each with its component.
        secrets: Id → where the value comes from.
    """

    repository: tuple[str, pulumi.Input[str]]
    bases: Sequence[tuple[pulumi.Input[str], pulumi.Resource | None]]
    secrets: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExecutorNeeds:
    """The running program's part of an executor.

    Attributes:
        push_credentials: Registry host → credentials beyond those of the user's Docker configuration; may block.
        repository: URL → the repository, opened.
        environment: Of this process, as the program found it.
        may_begin: Raises when nothing new may begin; for an executor that keeps builds waiting itself.
        goes_first: Whether other images wait for that one; likewise.
    """

    push_credentials: Callable[[str], Credentials | None]
    repository: Callable[[str], Registry]
    environment: Mapping[str, str]
    may_begin: Callable[[], None]
    goes_first: Callable[[BuildJob], bool]


class Builder(ABC):
    """Builds images.

    Attributes:
        kind: Its name in a build's record.
        reads_secrets: Whether its builds read the secrets that AWS keeps; they get references, and never a value.
        aws: How to reach AWS if the stack's ``aws:`` configuration does not say it.
        cache: The registry cache of its builds.
        cache_export: Whether their caches are exported.
        max_parallel: Builds at once.
        images_per_build: Images that one build may take. If more than one, the executor itself keeps to
            ``max_parallel``.
        timeout_s: Limit of a build whose image has no limit of its own.
        wait: Whether ``up`` awaits the builds. If not, its executor is a ``core.ports.StartingExecutor``.
        check_registry: ``always`` looks up unchanged images too, at each preview and ``up``; see ``CheckRegistry``.
    """

    kind: ClassVar[str]
    reads_secrets: ClassVar[bool] = False
    aws: AwsAccess | None = None
    cache: pulumi.Input[RegistryCache] | None = None
    cache_export: CacheExportPolicy = "always"
    max_parallel: int = 4
    images_per_build: int = 1
    timeout_s: float = 3600.0
    wait: bool = True
    check_registry: CheckRegistry = "changed"

    @property
    def images_at_once(self) -> int:
        """Images that may be built, or wait for their turn in a build, at once."""
        return self.max_parallel * self.images_per_build

    def check_image(self, platform: str, secrets: Mapping[str, object]) -> None:
        """Refuse, in preview, an image that cannot be built here.

        Raises:
            ArgsError: With the property path of the argument.
        """
        del platform, secrets

    def check_own_caches(self, argument: str) -> None:
        """Refuse an image's own caches instead of ``cache`` if builds cannot reach them.

        Args:
            argument: Name of the argument that gives them.

        Raises:
            ArgsError: They cannot be reached.
        """
        del argument

    @property
    def own_projects(self) -> Mapping[str, pulumi.Input[str]]:
        """Architecture → name of the CodeBuild project that this stack has made for it."""
        return {}

    def grants(self, image: Grants) -> Sequence[pulumi.Resource]:
        """Allow the builds of an image what they need; return the resources that its record depends on."""
        del image
        return ()

    async def cannot_run(self, platforms: Sequence[str]) -> Sequence[str]:
        """Return a warning for each platform whose ``RUN`` instructions are known to fail here, for a preview."""
        del platforms
        return ()

    async def emulated(self, platforms: Sequence[str]) -> Sequence[str]:
        """Return those of the platforms whose ``RUN`` instructions are known to be emulated here."""
        del platforms
        return ()

    def executor_key(self, platform: str) -> str:
        """Return the key of the executor for a platform: images with one key share it.

        Raises:
            ArgsError: Nothing here builds for the platform.
        """
        del platform
        return ""

    @abstractmethod
    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> Executor:
        """Make an executor, once the builder's resources exist.

        Args:
            key: From ``executor_key``.
            access: How the image's stack reaches AWS.
            needs: The program's part of it.
        """
