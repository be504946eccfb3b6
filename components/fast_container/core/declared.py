"""One image as a program or the command line declares it, in plain values.

Decides which declarations are refused before anything is hashed: missing or wrong places, names and platforms that
BuildKit would not accept. Leaves which files are read to ``core.build_files``, what they say to ``core.dockerfile`` and
``core.ignore.rules``, and the selected files to ``core.select``.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH109, PTH110, PTH112, PTH113, PTH118

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from fast_container.core.build_files import (
    Default,
    IgnoreFile,
    InlineDockerfile,
    main_rules,
    named_rules,
    read_dockerfile_bytes,
)
from fast_container.core.build_secrets import check_mounts
from fast_container.core.dockerfile import DockerfileReads, ImageFacts
from fast_container.core.dockerfile.named_contexts import refuse_moving_layouts
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.oci.platform import NotAPlatformError, normal_platform
from fast_container.core.oci.source_policy import source_policy
from fast_container.core.own_bases import BaseFacts, is_own_base
from fast_container.core.recipe import Recipe
from fast_container.core.spare_names import GivenNames, refuse_misspelt_sources
from fast_container.errors import ArgsError

__all__ = [
    "MAIN_CONTEXT",
    "DeclaredImage",
    "Default",
    "InlineDockerfile",
    "absolute_path",
    "check_arguments",
    "check_build_arg_names",
    "check_declared",
    "check_platform",
    "ignore_rules",
    "is_remote",
    "read_declared",
]

MAIN_CONTEXT: Final = "context"
"""The name of an image's own build context among all of its contexts."""

_ARG_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTEXT_NAME = re.compile(r"[A-Za-z0-9_./:@+-]+")
_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd", "wasi", "wasip1", "js"})
_REMOTE = re.compile(r"(docker-image|oci-layout|https?|git|ssh|target|input)://|git@|[^/]+\.git(#|$)")


@dataclass(frozen=True, slots=True)
class DeclaredImage:
    """One image, plain values only.

    Attributes:
        name: Its name in the program.
        context: Absolute path of the build context's directory.
        dockerfile: Absolute path, or the content itself.
        dockerfile_name: The Dockerfile's name in messages.
        recipe: What else BuildKit is asked for.
        named_contexts: Name → absolute path of a directory, or a reference (``docker-image://…``, ``https://…``).
        ignore: Patterns after those of the ignore file.
        dockerignore: ``Default`` is BuildKit's own rule; None disregards ignore files; a path is read instead.
        secret_ids: Ids only.
        optional_secrets: Ids of secrets that may be absent; None: all, when no secrets were asked for.
        triggers: The caller's own parts of the key.
        base_keys: Name of a base image of ours → its build key.
        volatile_build_args: Build args whose values do not enter the key.
        image_pins: Reference as written → digest, from ``images.lock`` or a registry; others count as written.
        image_facts: Reference → facts of that image (``core.dockerfile``).
        base_facts: Stand-in of a base image of ours → facts of it.
    """

    name: str
    context: str
    dockerfile: str | InlineDockerfile
    dockerfile_name: str
    recipe: Recipe = field(default_factory=Recipe)
    named_contexts: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore: tuple[str, ...] = ()
    dockerignore: str | type[Default] | None = Default
    secret_ids: tuple[str, ...] = ()
    triggers: Mapping[str, str] = field(default_factory=dict[str, str])
    base_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    volatile_build_args: frozenset[str] = frozenset()
    image_pins: Mapping[str, str] = field(default_factory=dict[str, str])
    image_facts: Mapping[str, ImageFacts] = field(default_factory=dict[str, ImageFacts])
    base_facts: Mapping[str, BaseFacts] = field(default_factory=dict[str, BaseFacts])
    optional_secrets: tuple[str, ...] | None = None

    @property
    def source_policy(self) -> str:
        """BuildKit's policy that makes a build take the pins; ``""`` for none."""
        return source_policy(self.image_pins)

    @property
    def given_names(self) -> GivenNames:
        """Names that its Dockerfile should have, without the stand-ins for base images of ours."""
        bases = {name for name, place in self.named_contexts.items() if is_own_base(place)}
        return GivenNames(
            frozenset(name for name, value in self.recipe.build_args.items() if value not in bases),
            self.volatile_build_args,
            frozenset(self.named_contexts) - bases,
            frozenset(self.secret_ids),
            frozenset(self.optional_secrets or ()) - {*self.secret_ids},
        )

    @property
    def local_contexts(self) -> dict[str, str]:
        """Name → directory of the contexts that are directories, the image's own among them."""
        named = {name: place for name, place in self.named_contexts.items() if not is_remote(place)}
        return {MAIN_CONTEXT: self.context, **named}


def absolute_path(path: str | os.PathLike[str]) -> str:
    """Make a path absolute, without ``.`` and ``..``; it names the same place, also after a link."""
    joined = os.path.join(os.getcwd(), path)
    short = os.path.normpath(joined)
    if ".." not in Path(path).parts or os.path.realpath(short) == os.path.realpath(joined):
        return short
    return os.path.realpath(joined)


def is_remote(place: str) -> bool:
    """Whether a named context is an image or remote, as opposed to a directory."""
    return _REMOTE.match(place) is not None


def check_declared(image: DeclaredImage) -> None:
    """Refuse everything that can be refused without hashing; reads only the Dockerfile and the ignore files.

    Raises:
        ArgsError: An argument, with its property path.
        DockerfileError: The Dockerfile or an ignore file.
    """
    check_arguments(image)
    reads = read_declared(image)[1]
    check_mounts(reads.secrets, image.secret_ids, image.optional_secrets, image.dockerfile_name)
    refuse_misspelt_sources(reads, image.named_contexts, image.dockerfile_name)
    for name in image.local_contexts:
        ignore_rules(image, name)


def read_declared(image: DeclaredImage) -> tuple[bytes, DockerfileReads]:
    """Return the Dockerfile's bytes, and what the target's stages read.

    Raises:
        ArgsError: The Dockerfile does not exist.
        DockerfileError: BuildKit would refuse it, or it has no such target.
    """
    text = read_dockerfile_bytes(image.dockerfile, image.dockerfile_name, image.context)
    # A directory used as a base image has no configuration.
    facts = {name: ImageFacts({}, ()) for name in image.local_contexts if name != MAIN_CONTEXT}
    facts |= dict(image.image_facts)
    facts |= {alias: ImageFacts(None, of.onbuild) for alias, of in image.base_facts.items() if of.onbuild is not None}
    question = _Question(
        text,
        image.dockerfile_name,
        image.recipe.target,
        tuple(image.recipe.build_args.items()),
        image.recipe.platform,
        tuple(image.named_contexts),
        tuple([(name, None if of.env is None else tuple(of.env.items()), of.onbuild) for name, of in facts.items()]),
    )
    return text, _answer(question)


class _Question(NamedTuple):
    """Everything that an answer of ``read_dockerfile`` depends on."""

    text: bytes
    file: str
    target: str
    build_args: tuple[tuple[str, str], ...]
    platform: str
    named_contexts: tuple[str, ...]
    image_facts: tuple[tuple[str, tuple[tuple[str, str], ...] | None, tuple[str, ...]], ...]


@lru_cache(maxsize=256)
def _answer(asked: _Question) -> DockerfileReads:
    """Call ``read_dockerfile``, cached: an image is checked, pinned and selected, and each of these asks."""
    return read_dockerfile(
        asked.text,
        file=asked.file,
        target=asked.target,
        build_args=dict(asked.build_args),
        platform=asked.platform,
        named_contexts=asked.named_contexts,
        image_facts={
            name: ImageFacts(None if env is None else dict(env), onbuild) for name, env, onbuild in asked.image_facts
        },
    )


def ignore_rules(image: DeclaredImage, context: str) -> IgnoreFile:
    """Read the rules of one local context of an image.

    Raises:
        DockerfileError: The ignore file cannot be read, or moby would refuse a pattern.
    """
    if context != MAIN_CONTEXT:
        return named_rules(image.named_contexts[context], context)
    return main_rules(
        image.context, image.dockerfile, image.dockerfile_name, dockerignore=image.dockerignore, extra=image.ignore
    )


def check_arguments(image: DeclaredImage) -> None:
    """Refuse everything that can be refused without reading a Dockerfile; looks at directories only.

    Raises:
        ArgsError: An argument, with its property path.
    """
    _check_directory(image.context, "context", "The build context")
    for name, place in image.local_contexts.items():
        if name != MAIN_CONTEXT:
            _check_directory(place, f'named_contexts["{name}"]', f"The named context {name!r}")
    refuse_moving_layouts(image.named_contexts)
    for name in image.named_contexts:
        if name == MAIN_CONTEXT or not _CONTEXT_NAME.fullmatch(name):
            raise ArgsError(
                f"{name!r} cannot be the name of a named context.",
                property_path=f'named_contexts["{name}"]',
                why="that is what the image's own build context is called" if name == MAIN_CONTEXT else "",
                next_step="Use another name, in the Dockerfile too.",
            )
    check_build_arg_names(image.recipe.build_args)
    check_platform(image.recipe.platform)
    if isinstance(image.dockerignore, str) and not os.path.isfile(image.dockerignore):
        raise ArgsError(
            "The ignore file is not there.",
            property_path="dockerignore",
            why=f"no file at {image.dockerignore}",
            next_step="Give the path of a file, or None to disregard ignore files.",
        )


def check_build_arg_names(names: Iterable[str]) -> None:
    """Refuse names that no ``ARG`` could declare.

    Raises:
        ArgsError: With the property path.
    """
    for name in names:
        if not _ARG_NAME.fullmatch(name):
            raise ArgsError(
                f"{name!r} cannot be the name of a build arg.",
                property_path=f'build_args["{name}"]',
                why="no ARG instruction can declare it",
                next_step="Use letters, digits and _, not beginning with a digit",
            )


def _check_directory(place: str, property_path: str, what: str) -> None:
    if os.path.isdir(place):
        return
    is_there = os.path.exists(place)
    raise ArgsError(
        f"{what} is a file, not a directory." if is_there else f"{what} is not there.",
        property_path=property_path,
        why=f"{'a file' if is_there else 'nothing'} at {place}",
        next_step="Give a directory; paths are relative to the program's working directory.",
    )


def check_platform(platform: str, property_path: str = "platform") -> None:
    """Refuse anything but one platform.

    Raises:
        ArgsError: With the property path.
    """
    with suppress(NotAPlatformError):
        # Without an architecture it is the builder's own: another image on another machine.
        if normal_platform(platform).partition("/")[0] in _SYSTEMS:
            return
    raise ArgsError(
        f"{platform!r} is not a platform.",
        property_path=property_path,
        why="one platform is built at a time" if "," in platform else "",
        next_step=(
            f'For an image for several, write platforms=["{platform.replace(",", chr(34) + ", " + chr(34))}"].'
            if "," in platform
            else 'Use "linux/amd64" or "linux/arm64".'
        ),
    )
