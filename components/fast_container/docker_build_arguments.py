"""The argument types of ``pulumi-docker-build``, as a program that used ``docker_build.Image`` has them.

Decides the meaning of each of them here, and that arguments without a meaning here (several platforms, a remote
context, a cache of another kind) are refused with their property path. The types are recognised by their shape and by
the package of their class, which is never imported; dictionaries with the same names work too. Leaves the values
themselves to ``image_options``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, cast

import pulumi

from fast_container.core.declared import InlineDockerfile
from fast_container.core.registry_cache import NamedCaches
from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, bracketed
from fast_container.shapes import PathInput, check_flag, check_mapping, check_path, check_plain, check_string, shown

_PACKAGE = "pulumi_docker_build"
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|git@|github\.com/|-$")
_REFERENCE = re.compile(r"[^\s,\"]+")
_MODES = ("min", "max")
_COMPRESSIONS = ("gzip", "estargz", "zstd")
_CACHE_KINDS = ("azblob", "gha", "inline", "local", "raw", "s3")
_CACHE_FIELDS = (
    *("ref", "mode", "compression", "compression_level", "force_compression"),
    *("ignore_error", "image_manifest", "oci_media_types"),
)

REPLACED: Mapping[str, str] = {
    "annotations": "labels={…}: they are in the image's configuration",
    "attests": "leave it out: what was built is recorded in the stack; Lambda refuses images with attestations",
    "build_on_preview": "leave it out: a preview never builds",
    "entitlements": 'leave it out: network="host" asks for network.host itself, and no build runs privileged',
    "exec_": "leave it out: `docker buildx` is always what builds",
    "exports": "leave it out: the image is pushed to `repository`",
    "image_name": "repository=…: the tag is made from the build key",
    "load": "leave it out: the image is pushed to `repository`",
    "no_cache": "leave it out; a value in `triggers` makes a new key",
    "outputs": "leave it out: the image is pushed to `repository`",
    "provenance": "leave it out: Lambda refuses images with attestations",
    "pull": 'leave it out; image_policy="resolve" follows the tags of external images',
    "push": "leave it out: the image is pushed to `repository`",
    "registries": "leave it out: credentials are fetched when they are used",
    "registry": "leave it out: credentials are fetched when they are used",
    "sbom": "leave it out: Lambda refuses images with attestations",
    "skip_push": "leave it out: the image is pushed to `repository`",
    "ssh": "secrets={…} with a deploy key or token, and `RUN --mount=type=secret,id=…`; or check the source out"
    " and give it in named_contexts",
    "tag": "repository=…: the tag is made from the build key",
    "tags": "repository=…: the tag is made from the build key",
}
"""Arguments of other image builders that do not exist here → what to do instead; docs/migrating.md lists them."""


class ContextArguments(Protocol):
    """``docker_build.BuildContextArgs``."""

    @property
    def location(self) -> object:
        """A directory."""

    @property
    def named(self) -> object:
        """Name → ``docker_build.ContextArgs``."""


class DockerfileArguments(Protocol):
    """``docker_build.DockerfileArgs``: a path or the Dockerfile itself."""

    @property
    def location(self) -> object:
        """A path."""

    @property
    def inline(self) -> object:
        """The Dockerfile itself."""


class CacheArguments(Protocol):
    """``docker_build.CacheFromArgs`` and ``docker_build.CacheToArgs``."""

    @property
    def registry(self) -> object:
        """``docker_build.CacheFromRegistryArgs`` or ``docker_build.CacheToRegistryArgs``."""

    @property
    def disabled(self) -> object:
        """Whether the entry does not count."""


Context: TypeAlias = "PathInput | ContextArguments | Mapping[str, Any]"
Dockerfile: TypeAlias = "PathInput | InlineDockerfile | DockerfileArguments | Mapping[str, Any]"
Cache: TypeAlias = "CacheArguments | Mapping[str, Any]"


def context_place(context: object) -> tuple[str, dict[str, str]]:
    """Return the build context's directory, and the named contexts that come with it.

    Raises:
        ArgsError: It is remote, or has another shape.
    """
    if isinstance(context, (str, os.PathLike)):
        return _local(check_path(cast(object, context), "context"), "context"), {}
    found = _fields(context, "context", ("location", "named"), 'a directory, or {"location": "app"}')
    place = _local(check_path(found.get("location", "."), "context.location"), "context.location")
    named: dict[str, str] = {}
    entries = check_mapping(found.get("named", {}), "context.named", '{"shared": {"location": "../shared"}}')
    for name, entry in entries.items():
        path = f"context.named{bracketed(name)}"
        there = _fields(entry, path, ("location",), '{"location": "../shared"}')
        named[name] = check_path(there.get("location"), f"{path}.location")
    return place, named


def dockerfile_place(dockerfile: object) -> str | InlineDockerfile | None:
    """Return the Dockerfile's path or content; None is ``Dockerfile`` in the context.

    Raises:
        ArgsError: It is remote, both or neither of the two, or has another shape.
    """
    if dockerfile is None or isinstance(dockerfile, InlineDockerfile):
        return dockerfile
    if isinstance(dockerfile, (str, os.PathLike)):
        return _local(check_path(cast(object, dockerfile), "dockerfile"), "dockerfile")
    found = _fields(dockerfile, "dockerfile", ("location", "inline"), 'a path, or {"location": "app/Dockerfile"}')
    if "inline" in found and "location" in found:
        raise ArgsError(
            "A Dockerfile is either a file or inline.",
            property_path="dockerfile",
            why="both location and inline are given",
            next_step="Leave one of them out.",
        )
    if "inline" in found:
        return InlineDockerfile(check_string(found["inline"], "dockerfile.inline"))
    if "location" in found:
        return _local(check_path(found["location"], "dockerfile.location"), "dockerfile.location")
    return None


def one_platform(platform: object) -> str:
    """Return the platform of a string, a ``docker_build.Platform`` or a list of one.

    Raises:
        ArgsError: They are several, none, or not strings.
    """
    if isinstance(platform, str):
        return check_string(platform, "platform")
    if not isinstance(platform, Sequence):
        raise ArgsError(
            f"{shown(platform)} is not a platform.", property_path="platform", next_step="For example: linux/arm64"
        )
    platforms = [
        check_string(each, f"platform[{index}]") for index, each in enumerate(cast("Sequence[object]", platform))
    ]
    if len(platforms) != 1:
        raise ArgsError(
            f"One image has one platform, not {len(platforms)}.",
            property_path="platform",
            why="a function or task runs on one, and Lambda refuses an image of several",
            next_step="Give platforms=[…]: an image for each, and an index of them where the place takes one.",
        )
    return platforms[0]


def named_caches(cache_from: object, cache_to: object) -> pulumi.Output[NamedCaches] | None:
    """Return the image's own caches, or None if none are given.

    Raises:
        ArgsError: A kind of cache that does not exist here.
    """
    if cache_from is None and cache_to is None:
        return None
    read = [_registry(fields, path, ("ref",)) for fields, path in _registries(cache_from, "cache_from")]
    written = [_registry(fields, path, _CACHE_FIELDS) for fields, path in _registries(cache_to, "cache_to")]

    def joined(found: Sequence[Any]) -> NamedCaches:
        return NamedCaches(tuple(found[: len(read)]), tuple(found[len(read) :]))

    return pulumi.Output.all(*read, *written).apply(joined)


def _registries(caches: object, property_path: str) -> list[tuple[object, str]]:
    """Return the registry of each enabled entry, with its property path."""
    if caches is None:
        return []
    if isinstance(caches, str | bytes | Mapping) or not isinstance(caches, Sequence):
        raise ArgsError(
            f"{property_path} must be a list.",
            property_path=property_path,
            next_step=f'Write {property_path}=[{{"registry": {{"ref": "…"}}}}].',
        )
    found: list[tuple[object, str]] = []
    for index, cache in enumerate(cast("Sequence[object]", caches)):
        path = f"{property_path}[{index}]"
        given = _fields(cache, path, ("registry", "disabled", *_CACHE_KINDS), '{"registry": {"ref": "…"}}')
        if check_flag(given.pop("disabled", False), f"{path}.disabled"):
            continue
        others = [kind for kind in given if kind != "registry"]
        if others or not given:
            raise ArgsError(
                f"Build caches of this kind are not supported: {others[0]!r}."
                if others
                else "This build cache has no kind.",
                property_path=f"{path}.{others[0]}" if others else path,
                why="caches are kept in registries",
                next_step='Give {"registry": {"ref": "…"}}, or RegistryCache on the builder.',
            )
        found.append((given["registry"], f"{path}.registry"))
    return found


def _registry(registry: object, property_path: str, names: Sequence[str]) -> pulumi.Output[str]:
    """Return one cache as an option of buildx."""
    fields = _fields(registry, property_path, names, '{"ref": "host/name:tag"}')
    if fields.get("oci_media_types") is False:
        raise ArgsError(
            "A cache's manifest must have OCI media types.",
            property_path=f"{property_path}.oci_media_types",
            why="ECR accepts no other",
            next_step="Leave it out.",
        )

    def option(found: Mapping[str, Any]) -> str:
        reference = check_string(found.get("ref"), f"{property_path}.ref")
        if not _REFERENCE.fullmatch(reference):
            raise ArgsError(
                f"{reference!r} is not an image reference.",
                property_path=f"{property_path}.ref",
                next_step="Write host/name:tag.",
            )
        if "mode" not in names:
            return NamedCaches.read_option(reference)
        level = found.get("compression_level", 0)
        if isinstance(level, bool) or not isinstance(level, int | float) or not float(level).is_integer():
            raise ArgsError(f"{shown(level)} is not a number.", property_path=f"{property_path}.compression_level")
        return NamedCaches.written_option(
            reference,
            mode=_one_of(found.get("mode", "min"), f"{property_path}.mode", _MODES),
            compression=_one_of(found.get("compression", "gzip"), f"{property_path}.compression", _COMPRESSIONS),
            level=int(level),
            force=bool(found.get("force_compression")),
        )

    if not any(isinstance(value, pulumi.Output) for value in fields.values()):
        option(fields)
    return pulumi.Output.all(**fields).apply(option)


def _fields(value: object, property_path: str, names: Sequence[str], form: str) -> dict[str, Any]:
    """Return the given fields of one argument object."""
    check_plain(value, property_path)
    if isinstance(value, Mapping):
        given = check_mapping(cast(object, value), property_path, form)
        for name in given:
            if name not in names:
                raise ArgsError(
                    f"There is no {name!r} in {property_path}.",
                    property_path=f"{property_path}.{name}",
                    next_step=did_you_mean(name, names),
                )
        return {name: given[name] for name in names if given.get(name) is not None}
    if not any(known.__module__.partition(".")[0] == _PACKAGE for known in type(value).__mro__):
        raise ArgsError(f"{shown(value)} is not understood.", property_path=property_path, next_step=form)
    given = {name: getattr(value, name, None) for name in names}
    return {name: found for name, found in given.items() if found is not None}


def _local(place: str, property_path: str) -> str:
    if _REMOTE.match(place):
        raise ArgsError(
            f"{place!r} is remote.",
            property_path=property_path,
            why="the build key is computed before anything is built, from files on this machine",
            next_step="Check it out, and give its path.",
        )
    return place


def _one_of(value: object, property_path: str, known: Sequence[str]) -> str:
    found = check_string(value, property_path)
    if found not in known:
        raise ArgsError(
            f"{found!r} is not known.", property_path=property_path, next_step=f"Give one of: {', '.join(known)}."
        )
    return found
