"""Values of a ``CodeBuildBuilder`` that AWS would refuse, found in preview.

Decides by the rules of S3, IAM and CodeBuild (their API models; Pulumi adds a suffix to names), so that an update does
not end halfway with a bucket and no project. Leaves the arguments' shapes to ``codebuild.arguments``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from fast_container.core.oci.repository import Repository, is_host, is_repository_name
from fast_container.errors import ArgsError, bracketed

CURATED: Final = "aws/codebuild/"
# "-sources-" and seven characters in 63; "-role-" and seven in 64; "-x86-64-" and seven in 150.
_LONGEST_OF_BUCKET: Final = 47
_LONGEST_OF_ROLE: Final = 51
_LONGEST_OF_PROJECT: Final = 135
# Of the 128 characters of a policy's name, which begins with project and stack.
_LONGEST_OF_SHARED: Final = 60
_REPOSITORY: Final = re.compile(r"[a-zA-Z0-9-]*[.:][a-zA-Z0-9.:-]+/[a-z0-9._/*-]+")
_COMPUTE_TYPE: Final = re.compile(r"BUILD_GENERAL[0-9]_[0-9A-Z]+")


def check_docker_server(docker_server: str | None, architectures: Sequence[str]) -> None:
    """Refuse a Docker server for an architecture for which CodeBuild has none."""
    if docker_server is not None and "arm64" in architectures:
        raise ArgsError(
            "CodeBuild has Docker servers for x86_64 only.",
            property_path="docker_server",
            next_step="Make a second builder for arm64, without docker_server=.",
        )


def check_name(name: str, *, own_bucket: bool, own_role: bool, shared: bool) -> None:
    """Refuse a name that cannot begin the names of bucket, role and project.

    Args:
        name: The component's.
        own_bucket: Whether a bucket is made.
        own_role: Whether a role is made.
        shared: Whether only policies are made.
    """
    letters, longest, why = r"[A-Za-z0-9][A-Za-z0-9_-]*", _LONGEST_OF_PROJECT, "the project is named after it"
    if shared:
        letters, longest, why = r"[\w+=,.@-]+", _LONGEST_OF_SHARED, "the policies of the role are named after it"
    elif own_bucket:
        letters, longest, why = "[A-Za-z0-9][A-Za-z0-9-]*", _LONGEST_OF_BUCKET, "the bucket is named after it"
    elif own_role:
        longest, why = _LONGEST_OF_ROLE, "the role is named after it"
    if not re.fullmatch(letters, name, re.ASCII):
        allowed = "letters, digits and '-'" if own_bucket and not shared else "letters, digits, '-' and '_'"
        raise ArgsError(
            f"The builder's name {name!r} has characters that AWS refuses.",
            property_path="resource_name",
            why=f"{why}: {allowed}, a letter or digit first",
            next_step=f"For example: {re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-') or 'builds'!r}",
        )
    if len(name) > longest:
        raise ArgsError(
            f"The builder's name {name!r} is too long.",
            property_path="resource_name",
            why=f"{why}: at most {longest} characters, since Pulumi adds some",
            next_step="Give the builder a shorter name.",
        )


def check_image(image: str | Mapping[str, str] | None, architectures: Sequence[str]) -> None:
    """Refuse one curated image for two architectures: CodeBuild's own images are for the one in their name."""
    if image is None:
        return
    if isinstance(image, Mapping):
        missing = [one for one in architectures if one not in image]
        if missing:
            raise ArgsError(
                f"There is no image for {', '.join(missing)}.",
                property_path="image",
                next_step="Give one for each of architectures=, or one image for all.",
            )
    given = image if isinstance(image, Mapping) else dict.fromkeys(architectures, image)
    for architecture, name in given.items():
        if name.startswith(CURATED) and ("aarch64" in name) != (architecture == "arm64"):
            raise ArgsError(
                f"The image {name} does not run on {architecture}.",
                property_path="image",
                next_step='Give one for each: image={"x86_64": "aws/codebuild/…", "arm64": "aws/codebuild/…"}.',
            )


def check_privileged(privileged: object) -> None:
    """Refuse ``privileged=False``: a build makes a BuildKit of its own, which needs it."""
    if privileged is not True:
        raise ArgsError(
            "A build needs privileged mode to start its BuildKit.",
            property_path="privileged",
            next_step="Leave privileged= out.",
        )


def check_compute_type(compute_type: str, *, has_fleet: bool) -> None:
    """Refuse machines on which Docker cannot run, and types that need a fleet.

    Args:
        compute_type: CodeBuild's name of it.
        has_fleet: Whether the builder has a fleet, whose machines may be described otherwise.
    """
    if not has_fleet and not _COMPUTE_TYPE.fullmatch(compute_type):
        is_lambda = compute_type.startswith("BUILD_LAMBDA")
        raise ArgsError(
            f"{compute_type!r} is not a machine that can build images.",
            property_path="compute_type",
            why="CodeBuild's Lambda compute has no Docker" if is_lambda else "",
            next_step="Give BUILD_GENERAL1_SMALL, BUILD_GENERAL1_MEDIUM, BUILD_GENERAL1_LARGE, …",
        )


def check_pull_from(places: Sequence[object]) -> None:
    """Refuse anything but a repository's URL: IAM would grant nothing, and builds would be denied.

    Args:
        places: The known ones; others are Outputs.
    """
    for index, place in enumerate(places):
        if isinstance(place, str) and not _REPOSITORY.fullmatch(place):
            raise ArgsError(
                f"{place!r} is not a repository's URL.",
                property_path=f"pull_from[{index}]",
                why="it is host/name, without a scheme, a tag or a digest",
                next_step="For example: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/bases/python",
            )


def check_mirrors(mirrors: Mapping[str, str], logins: Mapping[str, object]) -> None:
    """Refuse anything but a registry's host."""
    for host, place in mirrors.items():
        if not is_host(host) or not _is_mirror(place):
            raise ArgsError(
                f"{host!r}: {place!r} is not a registry and its mirror.",
                property_path=f"mirrors{bracketed(host)}",
                next_step='For example: mirrors={"docker.io": "mirror.gcr.io"}',
            )
    for host in logins:
        if not is_host(host):
            raise ArgsError(
                f"{host!r} is not a registry's host.",
                property_path=f"registry_logins{bracketed(host)}",
                next_step='For example: registry_logins={"ghcr.io": SecretsManagerSecret("…")}',
            )


def _is_mirror(place: str) -> bool:
    found = Repository.parse(place)
    return is_host(found.host) and (found.url == found.host or is_repository_name(found.name))
