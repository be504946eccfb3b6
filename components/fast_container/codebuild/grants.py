"""The permissions of the service role of a ``CodeBuildBuilder`` for the images that use it, and no others.

Decides how grants are put together. IAM counts the characters of all inline policies of a role together (10,240) and
of each managed policy (6,144), so a policy for each repository would limit a fleet to about thirty of them. Grants
share policies in the order in which images are declared: the first policy is inline and small, so that other stacks
have room for theirs in a shared role, those after it are managed. A policy is registered when the program has declared
its images, since only then its content is known. Leaves the documents to ``codebuild.policies``.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor

from fast_container.codebuild import policies
from fast_container.core.aws_access import AwsAccess
from fast_container.core.json_document import parse_json
from fast_container.core.oci.ecr_host import is_emulator
from fast_container.core.registry_cache import RegistryCache
from fast_container.errors import ArgsError
from fast_container.secret_sources import SecretsManagerSecret, SsmParameter

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

INLINE_CHARACTERS: Final = 2_500
MANAGED_CHARACTERS: Final = 6_144
# Of the 128 of a policy's name; "-grants-10" and Pulumi's seven characters come after it.
LONGEST_START: Final = 100
# The default of the quota "Managed policies attached to an IAM role".
MOST_MANAGED: Final = 10
# The characters of a document beside its ARNs, with all kinds of statement in it.
_FRAME_CHARACTERS: Final = 900
# The assumed length of an ARN that is not known when its image is declared; ECR's names have up to 256.
_ARN_CHARACTERS: Final = 150
_LOOK_S: Final = 0.01
_SLOW_S: Final = 60.0
_LONGEST_WITH_MOCKS_S: Final = 0.2


@dataclass(slots=True)
class _SharedPolicy:
    """One policy of the role, and the grants in it.

    Attributes:
        resource: The resource that images depend on.
        grants: Kind (``push``, ``pull``, …) and ARN of each.
        room: Characters that are left.
        is_open: Whether it can still get grants.
    """

    resource: pulumi.Resource | None
    room: int
    grants: list[tuple[str, pulumi.Output[str]]] = field(default_factory=list[tuple[str, "pulumi.Output[str]"]])
    is_open: bool = True


@dataclass(slots=True)
class RoleGrants:
    """The policies that images add to a role.

    Attributes:
        name: Start of the policies' names.
        role: The role's name; None for a role of the user's, which gets no policies.
        near: An ARN that tells partition, region and account.
        opts: Resource options of the policies.
        emulated: Whether the stack's ECR is an emulator's: then any host may be it.
        pushed: ARNs of the repositories that builds push to, in the order of their images.
        granted: Every kind and ARN, in a role of the user's too.
    """

    name: str
    role: pulumi.Input[str] | None
    near: pulumi.Output[str]
    opts: pulumi.ResourceOptions
    emulated: bool = False
    pushed: dict[str, pulumi.Output[str]] = field(default_factory=dict[str, "pulumi.Output[str]"])
    granted: dict[tuple[str, str], pulumi.Output[str]] = field(
        default_factory=dict[tuple[str, str], "pulumi.Output[str]"]
    )
    _policy_of: dict[tuple[str, str], _SharedPolicy] = field(default_factory=dict[tuple[str, str], _SharedPolicy])
    _policies: list[_SharedPolicy] = field(default_factory=list[_SharedPolicy])

    def push(self, repository: str, place: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Grant pushing to and pulling from a repository.

        Args:
            repository: Identity of the repository.
            place: Its ARN, or its URL; on a registry that is not ECR nothing can be granted.
        """
        known = self.pushed.setdefault(repository, self._repository(place))
        return self._grant(policies.PUSH, repository, known)

    def pull(self, repository: str, place: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Grant pulling from a repository, likewise."""
        return self._grant(policies.PULL, repository, self._repository(place))

    def pull_through(self, place: str) -> Sequence[pulumi.Resource]:
        """Grant pulling from the repositories of a pull-through cache, and importing images into it.

        Args:
            place: Its registry and prefix; one that is not ECR needs no grant.
        """
        arn = policies.arn_of_url(f"{place}/*")
        return self._grant(policies.PULL_THROUGH, place, arn) if arn else []

    def always(
        self,
        pull_from: Sequence[pulumi.Input[str]],
        mirrors: Mapping[str, str],
        logins: Mapping[str, object],
        cache: pulumi.Input[RegistryCache] | None,
    ) -> list[pulumi.Resource]:
        """Grant what every build needs beside its image's own repositories and secrets."""
        found: list[pulumi.Resource] = []
        for index, url in enumerate(pull_from):
            found += self.pull(f"argument {index}", url)
        for place in mirrors.values():
            found += self.pull_through(place)
        found += self.secrets(logins)
        if cache is not None:
            known = pulumi.Output.from_input(cache)
            found += self.push("cache", known.apply(lambda it: pulumi.Output.from_input(it.repository_url)))
        return found

    def _repository(self, place: pulumi.Input[str]) -> pulumi.Output[str]:
        def arn(found: str, near: str = "") -> str:
            return found if found.startswith("arn:") else policies.arn_of_url(found, near)

        if not self.emulated:
            return pulumi.Output.from_input(place).apply(arn)
        return pulumi.Output.all(place, self.near).apply(lambda both: arn(*both))

    def secrets(self, secrets: Mapping[str, object]) -> Sequence[pulumi.Resource]:
        """Grant reading the secrets that AWS keeps."""
        granted: list[pulumi.Resource] = []
        for source in secrets.values():
            if isinstance(source, SecretsManagerSecret):
                arn = self._arn(policies.secret_arn, source.arn, source.reference)
                granted += self._grant(policies.SECRET, repr(source), arn)
            elif isinstance(source, SsmParameter):
                arn = self._arn(policies.parameter_arn, source.arn, source.name)
                granted += self._grant(policies.PARAMETER, repr(source), arn)
        return granted

    def _arn(self, compose: Callable[[str, str, str, str], str], given: str, name: str) -> pulumi.Input[str]:
        if given:
            return given

        def composed(near: str) -> str:
            partition, _, region, account = near.split(":")[1:5]
            return compose(name, account, region, partition)

        return self.near.apply(composed)

    def _grant(self, kind: str, told_apart: str, arn: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        identity = (kind, told_apart)
        if identity not in self.granted:
            self.granted[identity] = pulumi.Output.from_input(arn)
            if self.role is not None:
                characters = len(arn) + 3 if isinstance(arn, str) else _ARN_CHARACTERS
                policy = self._policy_with_room(characters)
                policy.room -= characters
                policy.grants.append((kind, self.granted[identity]))
                self._policy_of[identity] = policy
        found = self._policy_of.get(identity)
        return [found.resource] if found is not None and found.resource is not None else []

    def _policy_with_room(self, characters: int) -> _SharedPolicy:
        last = self._policies[-1] if self._policies else None
        if last is None or not last.is_open or last.room < characters:
            last = self._new_policy()
            self._policies.append(last)
        return last

    def _new_policy(self) -> _SharedPolicy:
        assert self.role is not None
        number = len(self._policies)
        if number > MOST_MANAGED:
            error = ArgsError(
                f"The builder's role has no room for {len(self.granted)} repositories and secrets.",
                property_path="repository",
                why=f"IAM lets a role have {MOST_MANAGED} managed policies of {MANAGED_CHARACTERS} characters each",
                next_step="Use two builders, or fewer repositories: an ImageRepository holds the images of a fleet.",
            )
            raise pulumi.RunError(f"CodeBuildBuilder {self.name!r}: {error}")
        made = _SharedPolicy(None, (MANAGED_CHARACTERS if number else INLINE_CHARACTERS) - _FRAME_CHARACTERS)
        name = f"{self.name}-grants-{number}"
        # Outputs of outputs are one output at run time.
        awaited: Any = _when_declared(made, name, self.near, _current_task())
        document: pulumi.Output[str] = pulumi.Output.from_input(awaited)
        if number == 0:
            made.resource = aws.iam.RolePolicy(name, role=self.role, policy=document, opts=self.opts)
        else:
            managed = aws.iam.Policy(name, policy=document, opts=self.opts)
            made.resource = aws.iam.RolePolicyAttachment(name, role=self.role, policy_arn=managed.arn, opts=self.opts)
        return made


async def _when_declared(
    policy: _SharedPolicy, name: str, near: pulumi.Output[str], declaring: asyncio.Task[Any] | None
) -> pulumi.Output[str]:
    """Return the policy's document, once the program has declared its images."""
    await _end_of_declaring(policy, declaring)
    policy.is_open = False
    arns = pulumi.Output.all(near, *(arn for _, arn in policy.grants))
    _say_when_slow(arns, name)
    kinds = [kind for kind, _ in policy.grants]

    def document(found: Sequence[str]) -> str:
        grants = list(zip(kinds, found[1:], strict=True))
        return json.dumps(policies.granted(grants, partition=found[0].split(":")[1]), separators=(",", ":"))

    return arns.apply(document)


async def _end_of_declaring(policy: _SharedPolicy, declaring: asyncio.Task[Any] | None) -> None:
    """Wait until the code that declares images has returned to the event loop, and no image came for a moment.

    A program that asks AWS for something in between (``aws.get_caller_identity()``) runs the loop inside its own task;
    its coroutine's state tells it from a task that waits. The task of a unit test with mocks looks like that while it
    waits for an image; there, the wait has a limit.
    """
    longest_s = _LONGEST_WITH_MOCKS_S if isinstance(settings.get_monitor(), MockMonitor) else math.inf
    count, quiet_s = -1, 0.0
    while count != len(policy.grants) or (_is_running(declaring) and quiet_s < longest_s):
        quiet_s = quiet_s + _LOOK_S if count == len(policy.grants) else 0.0
        count = len(policy.grants)
        await asyncio.sleep(_LOOK_S)


def _is_running(task: asyncio.Task[Any] | None) -> bool:
    coroutine = task.get_coro() if task is not None else None
    return inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_RUNNING


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # a unit test that declares images outside of a loop
        return None


def _say_when_slow(arns: pulumi.Output[Any], name: str) -> None:
    """Report what is waited for: a repository that waits for an image of this builder would wait for ever."""
    waiting = asyncio.ensure_future(arns.future())
    text = (
        f"The builder's policy {name!r} waits for the repositories and secrets of its images. If one of them depends on"
        " an image of this builder, give that image a builder of its own."
    )
    said = asyncio.get_running_loop().call_later(_SLOW_S, pulumi.log.warn, text)

    def came(done: asyncio.Future[Any]) -> None:
        said.cancel()
        if not done.cancelled():
            done.exception()  # the registration of the policy raises the error

    waiting.add_done_callback(came)


def start_of_names(project: str, stack: str, builder: str) -> str:
    """Return the start of the names of a stack's policies in a shared role: names in a role must differ.

    A long one is cut, and made unique by a digest.
    """
    whole = f"{project}-{stack}-{builder}"
    if len(whole) <= LONGEST_START:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: LONGEST_START - len(digest) - 1]}-{digest}"


def is_ecr_emulated(access: AwsAccess | None) -> bool:
    """Whether the stack's ECR is an emulator's (DESIGN D10), whose repositories have other hosts than AWS's."""
    if access is not None and "ecr" in access.endpoints:
        return is_emulator(access.endpoints["ecr"])
    try:
        said: object = parse_json(pulumi.Config("aws").get("endpoints") or "[]")
    except ValueError:
        return False  # state.access reports the error
    listed = cast("list[object]", said) if isinstance(said, list) else [said]
    configured = [
        str(cast("dict[str, object]", one)["ecr"]) for one in listed if isinstance(one, dict) and "ecr" in one
    ]
    ambient = os.environ.get("AWS_ENDPOINT_URL_ECR") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return is_emulator(configured[0] if configured else ambient)
