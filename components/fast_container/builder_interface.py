"""``Builder``: what an image asks of whoever builds it, whichever of the builders that is.

Decides the questions: what cannot be built there, what is granted for it, which executor builds it, how many at once
and how long. A further builder answers them and is known to nobody else: images, hook and jobs never ask which
builder they have. Leaves the answers to ``builders`` (this machine's BuildKit) and ``codebuild.builder``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

import pulumi

from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import Credentials, Executor, Registry
from fast_container.core.registry_cache import RegistryCache

CheckRegistry: TypeAlias = Literal["changed", "always"]
"""Of which images a preview and an ``up`` look up the key tag: of those whose key changed, or of all."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What the builds of one image read and write.

    Attributes:
        repository: What the image's repository is told apart by in a program, and its ARN or URL.
        bases: Repositories of the base images, each with the component that it belongs to.
        secrets: Id → where the value comes from.
    """

    repository: tuple[str, pulumi.Input[str]]
    bases: Sequence[tuple[pulumi.Input[str], pulumi.Resource | None]]
    secrets: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExecutorNeeds:
    """What the running program has for the executors of its builders.

    Attributes:
        push_credentials: Registry host → credentials beyond those of the user's Docker configuration; may block.
        repository: URL → the repository, opened.
        environment: Of this process, as the program found it.
    """

    push_credentials: Callable[[str], Credentials | None]
    repository: Callable[[str], Registry]
    environment: Mapping[str, str]


class Builder(ABC):
    """Who builds images.

    Attributes:
        kind: What a build's record calls it.
        reads_secrets: Its builds read the secrets that AWS keeps; they get references, and never a value.
        aws: How to reach AWS where the stack's ``aws:`` configuration does not say it.
        cache: The registry cache of its builds.
        max_parallel: Images built at once.
        timeout_s: Limit of a build whose image has none of its own.
        wait: Whether ``up`` awaits the builds. An executor of one that does not is a ``core.ports.StartingExecutor``.
        check_registry: ``always`` looks up unchanged images too, at each preview and ``up``; see ``CheckRegistry``.
    """

    kind: ClassVar[str]
    reads_secrets: ClassVar[bool] = False
    aws: AwsAccess | None = None
    cache: pulumi.Input[RegistryCache] | None = None
    max_parallel: int = 4
    timeout_s: float = 3600.0
    wait: bool = True
    check_registry: CheckRegistry = "changed"

    def check_image(self, platform: str, secrets: Mapping[str, object]) -> None:
        """Refuse, in preview, an image that cannot be built here.

        Raises:
            ArgsError: By the property path of the argument that cannot be.
        """
        del platform, secrets

    def check_own_caches(self, argument: str) -> None:
        """Refuse an image's caches in place of ``cache``, where builds cannot reach them.

        Args:
            argument: Name of the argument that gives them.

        Raises:
            ArgsError: They cannot be reached.
        """
        del argument

    def grants(self, image: Grants) -> Sequence[pulumi.Resource]:
        """Allow the builds of an image what they need; the resources that its record depends on."""
        del image
        return ()

    async def cannot_run(self, platforms: Sequence[str]) -> Sequence[str]:
        """A warning for each platform whose ``RUN`` instructions are known to fail here, for a preview."""
        del platforms
        return ()

    def executor_key(self, platform: str) -> str:
        """What the executor is made for: images of one key share it.

        Raises:
            ArgsError: Nothing here builds for the platform.
        """
        del platform
        return ""

    @abstractmethod
    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> Executor:
        """A new executor, once the builder's resources are there.

        Args:
            key: As ``executor_key`` gave it.
            access: How the image's stack reaches AWS.
            needs: What the program has for it.
        """
