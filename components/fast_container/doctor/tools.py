"""The tools of this machine: Pulumi, its SDKs, buildx and BuildKit, emulation, the cache folder.

Decides which versions are too old, and that a machine without Docker is fine where all builds run on CodeBuild: then
what is missing is a note. Leaves asking buildx to ``adapters.buildx.builder``.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from fast_container.adapters.buildx.builder import builder_platforms, find_builder
from fast_container.core.oci.platform import normal_or_same
from fast_container.core.spelling import size_text
from fast_container.doctor.answers import Answer, Examination, Level

# Resource hooks came with this version of the engine.
_OLDEST_ENGINE: Final = (3, 182, 0)
_OLDEST_SDKS: Final = {"pulumi": (3, 220, 0), "pulumi-aws": (7, 0, 0)}
_LEAST_BYTES: Final = 2_000_000_000
_COMMAND_S: Final = 15.0
_EMULATOR: Final = "docker run --privileged --rm tonistiigi/binfmt --install"


def tool_examinations(
    environment: Mapping[str, str], cache: Path, platforms: Sequence[str], builder: str | None, *, builds_here: bool
) -> list[Examination]:
    """Return the examinations of this machine.

    Args:
        environment: Of this process.
        cache: The user's cache folder.
        platforms: Platforms that images are built for.
        builder: A buildx builder; None for the current one.
        builds_here: Whether builds run here.
    """
    missing = Level.PROBLEM if builds_here else Level.NOTE
    return [
        Examination("Python", python_answers),
        Examination("pulumi", lambda: pulumi_answers(environment), Level.PROBLEM),
        Examination("builder", lambda: builder_answers(builder, environment), missing),
        Examination("platforms", lambda: platform_answers(platforms, builder, environment, missing)),
        Examination("cache", lambda: cache_answers(cache)),
    ]


def python_answers() -> list[Answer]:
    """Look at the interpreter and the SDKs beside this library."""
    found = [Answer("Python", Level.OK, f"{sys.version_info.major}.{sys.version_info.minor}, fast-container {_own()}")]
    for package, oldest in _OLDEST_SDKS.items():
        least = ".".join(map(str, oldest))
        try:
            installed = version(package)
        except PackageNotFoundError:
            found.append(
                Answer(f"{package} SDK", Level.PROBLEM, "is not installed", f"pip install '{package}>={least}'")
            )
            continue
        if _numbers(installed) < oldest:
            said = f"{installed} is too old: fast-container needs {least}"
            found.append(Answer(f"{package} SDK", Level.PROBLEM, said, f"pip install '{package}>={least}'"))
        else:
            found.append(Answer(f"{package} SDK", Level.OK, installed))
    return found


def _own() -> str:
    try:
        return version("fast-container")
    except PackageNotFoundError:
        return "(not installed as a package)"


def pulumi_answers(environment: Mapping[str, str]) -> list[Answer]:
    """Look at the pulumi command."""
    install = "Install it: https://www.pulumi.com/docs/iac/download-install/"
    place = shutil.which("pulumi", path=environment.get("PATH"))
    if place is None:
        return [Answer("pulumi", Level.PROBLEM, "the pulumi command is not on PATH", install)]
    try:
        done = subprocess.run(
            [place, "version"],
            env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_COMMAND_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [Answer("pulumi", Level.PROBLEM, f"{place} does not run: {error}", install)]
    said = done.stdout.strip()
    if done.returncode != 0 or not _numbers(said):
        return [Answer("pulumi", Level.PROBLEM, f"{place} does not run: {done.stderr.strip()[:200]}", install)]
    if _numbers(said) < _OLDEST_ENGINE:
        least = ".".join(map(str, _OLDEST_ENGINE))
        return [Answer("pulumi", Level.PROBLEM, f"{said} is too old: resource hooks came with {least}", install)]
    return [Answer("pulumi", Level.OK, said)]


def builder_answers(name: str | None, environment: Mapping[str, str]) -> list[Answer]:
    """Look for the buildx builder that builds would use.

    Raises:
        BuilderError: No builder could push by digest; the error names the command that makes one.
    """
    found = asyncio.run(find_builder(name, environment))
    return [Answer("builder", Level.OK, f"{found.name}, by {' '.join(found.command)}: pushes by digest")]


def platform_answers(
    platforms: Sequence[str], builder: str | None, environment: Mapping[str, str], missing: Level
) -> list[Answer]:
    """Look at which platforms that builder runs."""
    runs = asyncio.run(builder_platforms(builder, environment))
    if not runs:
        return [Answer("platforms", Level.NOTE, "not known: no builder that runs says them")]
    own = normal_or_same(f"linux/{machine.machine()}")
    found = [Answer("platforms", Level.OK, ", ".join(sorted(runs)))]
    for one in dict.fromkeys(platforms or ("linux/arm64", "linux/amd64")):
        if one not in runs and one != own:
            level = Level.WARNING if platforms and missing is Level.PROBLEM else Level.NOTE
            fix = f"{_EMULATOR} {one.split('/')[1]}, or build it on CodeBuild, which has both architectures"
            found.append(Answer("platforms", level, f"RUN steps for {one} cannot run here", fix))
    return found


def cache_answers(cache: Path) -> list[Answer]:
    """Look at the cache folder and its disk."""
    place = next(one for one in (cache, *cache.parents) if one.exists())
    if not os.access(place, os.W_OK) or not place.is_dir():
        fix = "Set FAST_CONTAINER_CACHE to a folder of yours; without it every file is read again in each run."
        return [Answer("cache", Level.WARNING, f"{cache} cannot be written to", fix)]
    free = shutil.disk_usage(place).free
    if free < _LEAST_BYTES:
        return [Answer("cache", Level.WARNING, f"{size_text(free)} are free on the disk of {cache}", "Make room.")]
    return [Answer("cache", Level.OK, f"{cache}, {size_text(free)} free")]


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version; () for something else."""
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
