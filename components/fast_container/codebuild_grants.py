"""What the service role of a ``CodeBuildBuilder`` may do for the images that use it, and not more.

Decides that each repository and each secret is one policy of the role, made when the first image that needs it is
declared. Leaves the documents to ``codebuild_policies``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi

from fast_container import codebuild_policies as policies
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
        pushed: ARNs of the repositories that builds push to, in the order of their images.
    """

    name: str
    role: pulumi.Input[str] | None
    near: pulumi.Output[str]
    opts: pulumi.ResourceOptions
    pushed: dict[str, pulumi.Output[str]] = field(default_factory=dict[str, "pulumi.Output[str]"])
    _made: dict[str, aws.iam.RolePolicy] = field(default_factory=dict[str, "aws.iam.RolePolicy"])

    def push(self, repository: str, arn: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Push to and pull from a repository.

        Args:
            repository: What the repository is told apart by.
            arn: Its ARN.
        """
        known = self.pushed.setdefault(repository, pulumi.Output.from_input(arn))
        return self._policy("push", repository, known.apply(lambda found: policies.push([found])))

    def pull(self, repository: str, arn: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Pull from a repository."""
        return self._policy(
            "pull", repository, pulumi.Output.from_input(arn).apply(lambda found: policies.pull([found]))
        )

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
