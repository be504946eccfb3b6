"""What the service role of a ``CodeBuildBuilder`` may do for the images that use it, and not more.

Decides that each repository and each secret is one policy of the role, made when the first image that needs it is
declared. Leaves the documents to ``codebuild_policies``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pulumi

from fast_container import codebuild_policies as policies
from fast_container.core.aws_access import AwsAccess
from fast_container.core.ecr_host import is_emulator
from fast_container.secret_sources import SecretsManagerSecret, SsmParameter

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws


@dataclass(slots=True)
class RoleGrants:
    """The policies that images add to a role.

    Attributes:
        name: Start of the policies' names.
        role: The role's name; None for a role that is somebody else's and gets no policies.
        near: An ARN that tells partition, region and account.
        opts: Resource options of the policies.
        emulated: Whether the stack's ECR is an emulator's: then any host may be it.
        pushed: ARNs of the repositories that builds push to, in the order of their images.
    """

    name: str
    role: pulumi.Input[str] | None
    near: pulumi.Output[str]
    opts: pulumi.ResourceOptions
    emulated: bool = False
    pushed: dict[str, pulumi.Output[str]] = field(default_factory=dict[str, "pulumi.Output[str]"])
    _made: dict[str, aws.iam.RolePolicy] = field(default_factory=dict[str, "aws.iam.RolePolicy"])

    def push(self, repository: str, place: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Push to and pull from a repository.

        Args:
            repository: What the repository is told apart by.
            place: Its ARN, or its URL; on a registry that is not ECR nothing can be granted.
        """
        known = self.pushed.setdefault(repository, self._repository(place))
        return self._policy("push", repository, known.apply(lambda found: policies.push([found])))

    def pull(self, repository: str, place: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Pull from a repository, likewise."""
        return self._policy("pull", repository, self._repository(place).apply(lambda found: policies.pull([found])))

    def _repository(self, place: pulumi.Input[str]) -> pulumi.Output[str]:
        def arn(found: str, near: str = "") -> str:
            return found if found.startswith("arn:") else policies.arn_of_url(found, near)

        if not self.emulated:
            return pulumi.Output.from_input(place).apply(arn)
        return pulumi.Output.all(place, self.near).apply(lambda both: arn(*both))

    def secrets(self, secrets: Mapping[str, object]) -> Sequence[pulumi.Resource]:
        """Read those secrets that AWS keeps."""
        granted: list[pulumi.Resource] = []
        for source in secrets.values():
            if isinstance(source, SecretsManagerSecret):
                arn = self._arn(policies.secret_arn, source.arn, source.reference)
                document = arn.apply(lambda found: policies.secrets([found], []))
            elif isinstance(source, SsmParameter):
                arn = self._arn(policies.parameter_arn, source.arn, source.name)
                document = arn.apply(lambda found: policies.secrets([], [found]))
            else:
                continue
            granted += self._policy("secret", repr(source), document)
        return granted

    def _arn(self, compose: Callable[[str, str, str, str], str], given: str, name: str) -> pulumi.Output[str]:
        if given:
            return pulumi.Output.from_input(given)

        def composed(near: str) -> str:
            partition, _, region, account = near.split(":")[1:5]
            return compose(name, account, region, partition)

        return self.near.apply(composed)

    def _policy(self, kind: str, told_apart: str, document: pulumi.Output[dict[str, Any]]) -> Sequence[pulumi.Resource]:
        if self.role is None:
            return []
        identity = f"{kind} {told_apart}"
        if identity not in self._made:
            number = sum(known.startswith(f"{kind} ") for known in self._made)
            self._made[identity] = aws.iam.RolePolicy(
                f"{self.name}-{kind}-{number}", role=self.role, policy=document.apply(json.dumps), opts=self.opts
            )
        return [self._made[identity]]


def is_ecr_emulated(access: AwsAccess | None) -> bool:
    """Whether the stack's ECR is an emulator's (DESIGN D10), whose repositories have other hosts than AWS's."""
    if access is not None and "ecr" in access.endpoints:
        return is_emulator(access.endpoints["ecr"])
    try:
        said: object = json.loads(pulumi.Config("aws").get("endpoints") or "[]")
    except ValueError:
        return False  # state.access says what is wrong with it
    listed = cast("list[object]", said) if isinstance(said, list) else [said]
    configured = [
        str(cast("dict[str, object]", one)["ecr"]) for one in listed if isinstance(one, dict) and "ecr" in one
    ]
    ambient = os.environ.get("AWS_ENDPOINT_URL_ECR") or os.environ.get("AWS_ENDPOINT_URL") or ""
    return is_emulator(configured[0] if configured else ambient)
