"""Arguments of a ``CodeBuildBuilder`` that exclude each other.

Decides which pairs would leave one of them without effect, or end in an error of AWS halfway through an update, so that
builds really run in the network or on the fleet that was given. Leaves single arguments to ``codebuild.arguments`` and
``codebuild.limits``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fast_container.codebuild.resources import VpcConfig
from fast_container.errors import ArgsError

# Arguments of resources that are made once, by the shared builder.
_OF_THE_SHARED: Final = ("image", "vpc", "bucket", "permissions_boundary", "fleet", "docker_server", "tags")
_MOST_SUBNETS: Final = 16
_MOST_SECURITY_GROUPS: Final = 5


def check_combination(given: Mapping[str, Any]) -> None:
    """Refuse arguments that exclude each other.

    Args:
        given: All arguments of the builder, each valid alone; for Inputs, whether they are given, or their value.

    Raises:
        ArgsError: Two of them, by the property path of the one to leave out.
    """
    if given["shared"]:
        for name in _OF_THE_SHARED:
            if given[name]:
                raise ArgsError(
                    f"{name} has no effect on a shared builder.",
                    property_path=name,
                    why="shared= uses the resources of another stack's builder",
                    next_step=f"Set {name}= there, or leave shared= out for a builder of this stack's own.",
                )
        return
    if given["role"] and given["permissions_boundary"]:
        raise ArgsError(
            "A role of yours gets no permissions boundary.",
            property_path="permissions_boundary",
            why="role= is used as it is",
            next_step="Set the boundary where the role is made, or leave role= out.",
        )
    if given["kms_key"] and not given["bucket"]:
        raise ArgsError(
            "kms_key has no effect without a bucket.",
            property_path="kms_key",
            why="it is the key of an existing bucket=, and a bucket of the builder's own has S3's",
            next_step="Give bucket=, too, or leave kms_key= out.",
        )
    if given["fleet"] and len(given["architectures"]) > 1:
        raise ArgsError(
            "A fleet has machines of one architecture.",
            property_path="fleet",
            next_step="Make a builder for each architecture, each with its own fleet=.",
        )


def check_architectures_once(architectures: Sequence[str]) -> None:
    """Refuse an architecture that is named twice: its project would be made twice."""
    for index, architecture in enumerate(architectures):
        if architecture in architectures[:index]:
            raise ArgsError(
                f"{architecture!r} is named twice.",
                property_path=f"architectures[{index}]",
                next_step="Name it once.",
            )


def check_network(vpc: VpcConfig | None) -> None:
    """Refuse a network that CodeBuild does not accept (its API model: each of the two is needed, and bounded)."""
    if vpc is None:
        return
    for name, values, most in (
        ("subnets", vpc.subnets, _MOST_SUBNETS),
        ("security_group_ids", vpc.security_group_ids, _MOST_SECURITY_GROUPS),
    ):
        if not 1 <= len(values) <= most:
            raise ArgsError(
                f"vpc has {len(values)} {name}.",
                property_path=f"vpc.{name}",
                why=f"CodeBuild accepts 1 to {most}",
                next_step=f"Give 1 to {most} in VpcConfig({name}=[…]).",
            )
