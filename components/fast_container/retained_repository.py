"""Advises what to do if a repository that is to be created exists already.

An ``ImageRepository`` survives ``pulumi destroy``, so the next ``up`` finds it there. Decides when that is refused (in
preview too, unless the update itself may remove the repository first), with the arguments that help, instead of the
provider's ``RepositoryAlreadyExistsException``. Asks through the AWS provider of the repository, so that account, roles
and region are the same. Leaves importing it to ``repository``.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Final, cast

import pulumi
from pulumi.runtime import invoke_async, settings
from pulumi.runtime.mocks import MockMonitor

from fast_container.errors import ArgsError
from fast_container.state.sdk_patches import await_callbacks

_LOOKUP: Final = "aws:ecr/getRepository:getRepository"


@dataclass(frozen=True, slots=True)
class NewRepository:
    """A repository that a program declares and does not adopt.

    Attributes:
        resource: As the AWS provider makes it.
        component_name: Name of its ``ImageRepository``.
        retained: Whether it stays when the resource goes, in a replacement too.
    """

    resource: pulumi.CustomResource
    component_name: str
    retained: bool


class RepositoryHook:
    """The one hook that all repositories of a program are bound to; runs when one is to be created."""

    def __init__(self) -> None:
        self._declared: dict[str, NewRepository] = {}
        self._hook = pulumi.ResourceHook(
            "fast-container:before-repository", self._before_create, pulumi.ResourceHookOptions(on_dry_run=True)
        )

    @property
    def binding(self) -> pulumi.ResourceHookBinding:
        """Binds a repository to the hook, which ignores one that was not declared to it."""
        return pulumi.ResourceHookBinding(before_create=[self._hook])

    def declare(self, name: str, repository: NewRepository) -> None:
        """Register a repository by its name in ECR, when its resource is made."""
        self._declared[name] = repository

    async def _before_create(self, args: pulumi.ResourceHookArgs) -> None:
        name: object = (args.new_inputs or {}).get("name")
        declared = self._declared.get(name) if isinstance(name, str) else None
        if declared is None or (settings.is_dry_run() and not declared.retained):
            return
        if await _exists(str(name), declared.resource):
            raise pulumi.RunError(f"ImageRepository {declared.component_name!r}: {exists_already(str(name))}")


def exists_already(name: str) -> ArgsError:
    """Make the error for a repository that cannot be created because it exists."""
    return ArgsError(
        f"The repository {name!r} exists already.",
        property_path="name",
        why="an earlier `pulumi destroy` kept it with its images, or it was created elsewhere",
        next_step=f'Run one `up` with ImageRepository(…, name="{name}", adopt=True), which makes it part of this stack;'
        f' if another stack manages it, use ImageRepository.get("{name}").',
    )


async def _exists(name: str, resource: pulumi.CustomResource) -> bool:
    """Whether the repository exists; if that cannot be found out, the provider will report the problem.

    Uses the plain form of an invoke: an error of the other form ends the program, even if it is caught.
    """
    version = cast("str | None", getattr(resource, "_version", None))
    if version is None:
        # Without a version the engine would start another provider than the resource's.
        return False
    opts = pulumi.InvokeOptions(parent=resource, version=version)
    try:
        found: object = await invoke_async(_LOOKUP, {"name": name}, opts)
    except Exception:  # missing, or not to be asked: any error of the provider or the SDK
        return False
    return isinstance(found, dict) and bool(cast("dict[str, object]", found).get("repositoryUrl"))


# By the connection to the engine, as in ``state.program``; an entry goes with its connection.
_HOOKS: weakref.WeakKeyDictionary[Any, RepositoryHook] = weakref.WeakKeyDictionary()


def repository_hook() -> RepositoryHook:
    """Return the running program's hook, made on first use."""
    monitor = settings.get_monitor()
    if monitor not in _HOOKS:
        if not isinstance(monitor, MockMonitor):
            await_callbacks()
        _HOOKS[monitor] = RepositoryHook()
    return _HOOKS[monitor]
