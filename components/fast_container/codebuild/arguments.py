"""The arguments of ``CodeBuildBuilder`` and the values that each may have.

Decides what is refused before a resource is made. Leaves the arguments of both builders to ``builder_arguments``, AWS's
own rules to ``codebuild.limits`` and ``codebuild.combinations``, time and number of builds to
``codebuild.build_limits``, and the resources to ``codebuild.installation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

import pulumi

from fast_container.builder_interface import CheckRegistry
from fast_container.codebuild import limits
from fast_container.codebuild.architectures import Architecture
from fast_container.codebuild.combinations import check_architectures_once, check_combination, check_network
from fast_container.codebuild.resources import VpcConfig
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, bracketed
from fast_container.secret_sources import SecretsManagerSecret, SsmParameter
from fast_container.shapes import (
    check_characters,
    check_choice,
    check_count,
    check_engine_string,
    check_flag,
    check_input_string,
    check_mapping,
    check_opts,
    check_plain,
    check_resource_name,
    check_strings,
    is_later,
    shown,
)

DEFAULT_EXPIRE_DAYS: Final = 30
DEFAULT_LOG_DAYS: Final = 30
# Google's pull-through copy of Docker Hub: does not count against Docker Hub's limit on anonymous pulls.
DEFAULT_BUILDKIT_IMAGE: Final = "mirror.gcr.io/moby/buildkit:buildx-stable-1"
# Likewise for the images that Dockerfiles start from: CodeBuild's addresses are shared by all accounts, and Docker
# Hub counts the pulls of an address without a login. Images that the mirror lacks come from Docker Hub itself.
DEFAULT_MIRRORS: Final[Mapping[str, str]] = {"docker.io": "mirror.gcr.io"}

_EXPIRE_DAYS: Final = (3, 3650)
# CloudWatch accepts these and no others; 0 keeps logs for ever.
_LOG_DAYS: Final = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
_SHARED: Final = (
    *("bucket", "projects", "prefix", "expire_days", "role_arn", "role_name"),
    *("log_group_arn", "buildkit_image"),
)


def check_builder_arguments(**given: Any) -> None:
    """Refuse what cannot be right.

    Args:
        **given: All arguments of the builder except those that are converted; for Inputs, whether they are given.

    Raises:
        ArgsError: An argument, with its property path.
    """
    check_resource_name(given["name"])
    check_opts(given["opts"], pulumi.ResourceOptions)
    _check_architectures(given["architectures"])
    for name in ("compute_type", "buildkit_image"):
        check_engine_string(given[name], name)
    for name in ("bucket", "bucket_owner", "docker_server"):
        if given[name] is not None:
            check_engine_string(given[name], name)
    _check_bucket_owner(given["bucket_owner"], given["bucket"])
    _check_image(given["image"])
    for name in ("privileged", "wait"):
        check_flag(given[name], name)
    check_choice(given["check_registry"], "check_registry", get_args(CheckRegistry))
    check_choice(given["cache_export"], "cache_export", get_args(CacheExportPolicy))
    _check_days(given)
    _check_inputs(given["pull_from"] or (), "pull_from")
    limits.check_compute_type(given["compute_type"], has_fleet=given["fleet"])
    limits.check_pull_from(given["pull_from"] or ())
    _check_vpc(given["vpc"])
    _check_registries(given["mirrors"], given["registry_logins"])
    check_architectures_once(given["architectures"])
    check_network(given["vpc"])
    own_bucket, own_role = given["bucket"] is None, not given["role"]
    limits.check_name(given["name"], own_bucket=own_bucket, own_role=own_role, shared=given["shared"])
    limits.check_image(given["image"], given["architectures"])
    limits.check_docker_server(given["docker_server"], given["architectures"])
    limits.check_privileged(given["privileged"])
    check_combination(given)


def _check_bucket_owner(owner: str | None, bucket: str | None) -> None:
    if owner is None:
        return
    if bucket is None or len(owner) != 12 or not (owner.isascii() and owner.isdigit()):
        raise ArgsError(
            f"bucket_owner is {owner!r}.",
            property_path="bucket_owner",
            why="it is the account of an existing bucket=" if bucket is None else "an AWS account has twelve digits",
            next_step="Leave it out if the bucket is the builder's own.",
        )


def checked_shared(shared: object) -> pulumi.Output[Any] | None:
    """Return the output ``shared`` of another stack's builder, or None if none is given.

    Raises:
        ArgsError: It is something else.
    """
    if shared is None:
        return None
    if is_later(shared):
        return pulumi.Output.from_input(cast(Any, shared)).apply(_complete)
    return pulumi.Output.from_input(_complete(shared))


def role_name_of(shared: pulumi.Output[Any]) -> pulumi.Output[str]:
    """Return the name of a shared builder's role, which gets policies."""

    def found(name: object) -> str:
        if not name:
            raise ArgsError(
                "The role of the shared builder is not its own, and gets no policies.",
                property_path="shared",
                why="that builder was given role=",
                next_step="Give that role as role= here, too; `service_role_policy` says what it needs.",
            )
        return str(name)

    return shared["role_name"].apply(found)


def project_of(shared: pulumi.Output[Any], architecture: str) -> pulumi.Output[str]:
    """Return the project of a shared builder for an architecture."""

    def found(projects: object) -> str:
        known = check_mapping(projects, "shared.projects", "the output `shared` of a CodeBuildBuilder")
        if architecture not in known:
            raise ArgsError(
                f"The shared builder has no project for {architecture}.",
                property_path="architectures",
                next_step=f"Give one of: {', '.join(known)}.",
            )
        return str(known[architecture])

    return shared["projects"].apply(found)


def _complete(shared: object) -> dict[str, Any]:
    found = check_mapping(shared, "shared", "shared=other_stack.require_output(…)")
    for name in _SHARED:
        if name not in found:
            raise ArgsError(
                f"There is no {name!r} in shared.",
                property_path=f"shared.{name}",
                next_step="Export the output `shared` of the other stack's CodeBuildBuilder, and give it as it is.",
            )
    return found


def _check_architectures(architectures: object) -> None:
    found = check_strings(architectures, "architectures")
    for index, architecture in enumerate(found):
        if architecture not in get_args(Architecture):
            raise ArgsError(
                f"{architecture!r} is not an architecture that CodeBuild builds for.",
                property_path=f"architectures[{index}]",
                next_step=did_you_mean(architecture, get_args(Architecture)),
            )
    if not found:
        raise ArgsError(
            "At least one architecture is needed.",
            property_path="architectures",
            next_step='For example: architectures=["x86_64"]',
        )


def _check_days(given: Mapping[str, Any]) -> None:
    least, most = _EXPIRE_DAYS
    check_count(given["expire_days"], "expire_days", least=least, most=most)
    check_log_days(given["log_retention_days"])


def check_log_days(days: object, property_path: str = "log_retention_days") -> None:
    """Refuse a retention that CloudWatch does not have."""
    if check_count(days, property_path, least=0) not in _LOG_DAYS:
        raise ArgsError(
            f"CloudWatch does not keep logs for {days} days.",
            property_path=property_path,
            next_step=f"Give one of: {', '.join(str(days) for days in _LOG_DAYS)}; 0 is for ever.",
        )


def _check_image(image: object) -> None:
    if image is None:
        return
    if isinstance(image, Mapping):
        for architecture, name in cast("Mapping[object, object]", image).items():
            check_engine_string(name, f"image{bracketed(str(architecture))}")
    else:
        check_engine_string(image, "image")


def _check_registries(mirrors: object, logins: object) -> None:
    for host, place in check_mapping(mirrors, "mirrors", 'mirrors={"docker.io": "mirror.gcr.io"}').items():
        check_engine_string(place, f"mirrors{bracketed(host)}")
    example = 'registry_logins={"ghcr.io": SecretsManagerSecret("…")}'
    for host, source in check_mapping(logins or {}, "registry_logins", example).items():
        if not isinstance(source, SecretsManagerSecret | SsmParameter):
            raise ArgsError(
                f"{shown(source)} is not a secret that AWS keeps.",
                property_path=f"registry_logins{bracketed(host)}",
                next_step=f"For example: {example}",
            )
    limits.check_mirrors(cast("Mapping[str, str]", mirrors), cast("Mapping[str, object]", logins or {}))


def _check_inputs(values: object, property_path: str) -> None:
    """Check for a plain list of strings, known now or later."""
    check_plain(values, property_path)
    if not isinstance(values, list | tuple):
        raise ArgsError(
            f"{shown(values)} is not a list.",
            property_path=property_path,
            next_step="Give a list of strings or Outputs.",
        )
    for index, value in enumerate(cast("list[object]", values)):
        if isinstance(check_input_string(value, f"{property_path}[{index}]"), str):
            check_characters(cast(str, value), f"{property_path}[{index}]", may_be_empty=False)


def _check_vpc(vpc: object) -> None:
    if vpc is None:
        return
    if not isinstance(vpc, VpcConfig):
        raise ArgsError(
            f"{shown(vpc)} is not a VpcConfig.",
            property_path="vpc",
            next_step="Give VpcConfig(vpc_id, subnets, security_group_ids).",
        )
    check_input_string(vpc.vpc_id, "vpc.vpc_id")
    _check_inputs(vpc.subnets, "vpc.subnets")
    _check_inputs(vpc.security_group_ids, "vpc.security_group_ids")
