"""The Dockerfile and the ignore files of one image: which are read, and from where.

Decides as BuildKit's frontend does (dockerui): a missing ``Dockerfile`` is looked for as ``dockerfile``; the ignore
file of the image's own context is ``<Dockerfile>.dockerignore`` beside the Dockerfile, even an empty one, else the
context root's ``.dockerignore``; a named context has its own root's; an inline Dockerfile has nothing beside it.
Buildx 0.31 and newer also evaluate a policy, ``<Dockerfile>.rego``; it is refused, since it would not be evaluated.
Leaves what the files mean to ``core.dockerfile`` and ``core.ignore.rules``.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH110, PTH113, PTH117, PTH118, PTH119, PTH120, PTH123

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, NamedTuple, final

from fast_container.core.ignore.rules import IgnoreRules
from fast_container.errors import ArgsError, DockerfileError

IGNORE_FILE: Final = ".dockerignore"
POLICY_SUFFIX: Final = ".rego"
MAX_BYTES: Final = 16 << 20
"""BuildKit refuses larger Dockerfiles and ignore files."""
# Reading with the largest size at once would allocate that much each time.
_USUAL_BYTES: Final = 64 << 10


@final
class Default:
    """Stands for "as BuildKit finds it", where None has a meaning of its own."""


@dataclass(frozen=True, slots=True)
class InlineDockerfile:
    """A Dockerfile given as a string; only the context root's ignore file applies."""

    text: str


class IgnoreFile(NamedTuple):
    """The rules of a context, and their file's name in messages."""

    name: str
    rules: IgnoreRules


def read_dockerfile_bytes(dockerfile: str | InlineDockerfile, name: str, context: str = "") -> bytes:
    """Read the Dockerfile.

    Args:
        dockerfile: An absolute path, or the content.
        name: Its name in messages.
        context: Directory of the build context, for a hint if the file is there instead.

    Raises:
        ArgsError: It does not exist or is not a file.
        DockerfileError: It cannot be read or is too large, or a policy lies beside it.
    """
    if isinstance(dockerfile, InlineDockerfile):
        return dockerfile.text.encode("utf-8", "surrogateescape")
    path = found_dockerfile(dockerfile)
    if not os.path.isfile(path):
        is_there = os.path.exists(path)
        raise ArgsError(
            "The Dockerfile is a directory." if is_there else "The Dockerfile is not there.",
            property_path="dockerfile",
            why=f"there is no file at {name}.",
            next_step=_hint(path, name, context),
        )
    if os.path.exists(f"{path}{POLICY_SUFFIX}"):
        raise DockerfileError(
            "A policy lies beside the Dockerfile, and fast-container does not apply policies yet.",
            file=f"{name.removesuffix(os.path.basename(dockerfile))}{os.path.basename(path)}{POLICY_SUFFIX}",
            why="buildx 0.31 and newer would evaluate it before the build; an image that it forbids would be built",
            next_step="Build this image with `docker buildx build`, or move the policy away if it is not meant for it.",
        )
    return _read(path, name, "Dockerfile")


def _hint(path: str, name: str, context: str) -> str:
    """Say where the Dockerfile probably is: below the context, where other tools look for it."""
    is_below = context and not os.path.isabs(name) and not os.path.normpath(name).startswith(os.pardir)
    below = os.path.join(context, name) if is_below else ""
    if below and os.path.isfile(below) and not os.path.exists(path):
        shown = os.path.relpath(below)
        return f"There is one in the build context: dockerfile={shown!r}; paths are relative to the working directory."
    return "Paths are relative to the program's working directory, the Dockerfile's too."


def found_dockerfile(dockerfile: str) -> str:
    """Return the path that buildx uses for this Dockerfile; files beside it are named after that path."""
    if os.path.basename(dockerfile) != "Dockerfile" or os.path.lexists(dockerfile):
        return dockerfile
    lower = os.path.join(os.path.dirname(dockerfile), "dockerfile")
    return lower if os.path.exists(lower) else dockerfile


def main_rules(
    root: str,
    dockerfile: str | InlineDockerfile,
    name: str,
    *,
    dockerignore: str | type[Default] | None,
    extra: tuple[str, ...],
) -> IgnoreFile:
    """Read the rules of an image's own context.

    Args:
        root: The context's directory.
        dockerfile: An absolute path, or the content.
        name: The Dockerfile's name in messages.
        dockerignore: ``Default``, None for no file, or the path of the file to read instead.
        extra: The caller's own patterns, after the file's.

    Raises:
        DockerfileError: A file cannot be read, or moby would refuse a pattern.
    """
    path = main_ignore_path(root, dockerfile, dockerignore)
    if path is None:
        return IgnoreFile("ignore", IgnoreRules.parse(b"", file="ignore", extra=extra))
    if isinstance(dockerignore, str):
        return _rules(path, dockerignore, extra)
    is_common = path == os.path.join(root, IGNORE_FILE)
    return _rules(path, IGNORE_FILE if is_common else f"{name}{IGNORE_FILE}", extra)


def main_ignore_path(
    root: str, dockerfile: str | InlineDockerfile, dockerignore: str | type[Default] | None
) -> str | None:
    """Return the path of the ignore file of an image's own context, which need not exist; None if none is read.

    Args:
        root: The context's directory.
        dockerfile: An absolute path, or the content.
        dockerignore: As of ``main_rules``.
    """
    if dockerignore is None or isinstance(dockerignore, str):
        return dockerignore
    if isinstance(dockerfile, str):
        own = f"{found_dockerfile(dockerfile)}{IGNORE_FILE}"
        if os.path.isfile(own):
            return own
    return os.path.join(root, IGNORE_FILE)


def named_rules(root: str, context: str) -> IgnoreFile:
    """Read the rules of a named context: its own root's, independent of the image's own context.

    Raises:
        DockerfileError: The file cannot be read, or moby would refuse a pattern.
    """
    return _rules(os.path.join(root, IGNORE_FILE), f"{IGNORE_FILE} of the named context {context}", ())


def _rules(path: str, name: str, extra: tuple[str, ...]) -> IgnoreFile:
    text = _read(path, name, "ignore file") if os.path.isfile(path) else b""
    return IgnoreFile(name, IgnoreRules.parse(text, file=name, extra=extra))


def _read(path: str, name: str, kind: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_USUAL_BYTES)
            if len(data) == _USUAL_BYTES:
                data += file.read(MAX_BYTES + 1 - _USUAL_BYTES)
    except OSError as error:
        raise DockerfileError(
            f"The {kind} cannot be read.", file=name, why=error.strerror or str(error), next_step="Make it readable."
        ) from error
    if len(data) > MAX_BYTES:
        raise DockerfileError(f"The {kind} is larger than 16 MiB.", file=name, why="BuildKit refuses it")
    return data
