"""Which buildx and which BuildKit a build uses.

Decides whether they are fit: a buildx that knows ``rawjson`` progress (0.13 and newer), and a builder that
pushes by digest: docker-container, remote or kubernetes driver, or the docker driver over the containerd
image store. Never creates a builder. Plugins of the docker command are run directly, which all of them support:
one process fewer, and none between us and the one to be stopped.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fast_container.adapters.docker_config import docker_directory
from fast_container.adapters.process.child import Completed, capture
from fast_container.core.json_document import parse_json
from fast_container.core.oci.platform import normal_or_same
from fast_container.errors import BuilderError

_FIT_DRIVERS = frozenset({"docker-container", "remote", "kubernetes", "cloud"})
_PLUGIN_DIRECTORIES = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_CONTAINERD_LABEL = "org.mobyproject.buildkit.worker.containerd.namespace"
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Builder:
    """A buildx builder.

    Attributes:
        command: How buildx is started.
        name: The builder's name.
    """

    command: tuple[str, ...]
    name: str


def find_buildx(
    environment: Mapping[str, str], plugin_directories: Sequence[str] = _PLUGIN_DIRECTORIES
) -> tuple[str, ...]:
    """Find how to start buildx: docker's plugin by path, else ``docker-buildx`` or ``buildx`` on PATH, else by docker.

    Whether docker knows it at all is seen only when it is run.

    Raises:
        BuilderError: There is no buildx.
    """
    directory = docker_directory(environment)
    extra: list[str] = []
    try:
        content: object = parse_json((directory / "config.json").read_bytes())
        if isinstance(content, dict):
            extra = cast("dict[str, list[str]]", content).get("cliPluginsExtraDirs") or []
    except (OSError, ValueError):
        pass  # A broken configuration is reported where credentials are read.
    for place in (str(directory / "cli-plugins"), *extra, *plugin_directories):
        path = shutil.which("docker-buildx", path=place)
        if path:
            return (path,)
    for name in ("docker-buildx", "buildx"):
        path = shutil.which(name, path=environment.get("PATH"))
        if path:
            return (path,)
    docker = shutil.which("docker", path=environment.get("PATH"))
    if docker:
        return (docker, "buildx")
    raise _no_buildx("neither docker's plugin docker-buildx nor buildx on PATH was found")


def _no_buildx(why: str) -> BuilderError:
    return BuilderError(
        "There is no buildx.",
        why=why,
        next_step="Install docker-buildx 0.13 or newer: https://github.com/docker/buildx#installing",
    )


async def find_builder(name: str | None, environment: Mapping[str, str]) -> Builder:
    """The named builder, else the current one.

    Raises:
        BuilderError: It is not there, cannot be reached, or cannot push by digest; names the one command to
        run.
    """
    buildx = find_buildx(environment)
    command = _spelled(buildx, environment)
    usage, inspected = await asyncio.gather(
        _capture([*buildx, "build", "--help"], environment),
        _capture([*buildx, "inspect", *([name] if name else [])], environment),
    )
    if usage.code != 0 and len(buildx) > 1:
        raise _no_buildx(f"docker is there, but not its plugin buildx: {_first_line(usage.stderr)}")
    if "rawjson" not in usage.stdout:
        raise await _too_old(buildx, environment)
    said = (inspected.stderr.strip() or inspected.stdout.strip()).removeprefix("ERROR: ")
    if inspected.code != 0:
        raise BuilderError(
            f"The buildx builder {name} cannot be used." if name else "The current buildx builder cannot be used.",
            why=said,
            next_step=f"{command} create --name {name or 'fast-container'} --driver docker-container --bootstrap",
        )
    facts = _facts(inspected.stdout)
    driver, found = facts.get("Driver", ""), facts.get("Name", name or "")
    if driver not in _FIT_DRIVERS and "Error" in facts:
        raise BuilderError(
            f"The buildx builder {found} cannot be reached.",
            why=facts["Error"],
            next_step="Start Docker, or name a builder that runs: LocalBuilder(name=…)",
        )
    if driver == "remote" and "running" not in _statuses(inspected.stdout):
        raise BuilderError(
            f"The BuildKit of the buildx builder {found} cannot be reached.",
            where=facts.get("Endpoint", ""),
            why=facts.get("Error") or f"its status is {facts.get('Status', 'unknown')}",
            next_step="Start it, or name another builder: LocalBuilder(name=…)",
        )
    if driver in _FIT_DRIVERS or _CONTAINERD_LABEL in facts or await _has_containerd_store(found, environment):
        return Builder(buildx, found)
    raise BuilderError(
        f"The buildx builder {found} cannot push by digest.",
        why=f"driver {driver} without the containerd image store",
        next_step=f"{command} create --name fast-container --driver docker-container --bootstrap --use",
    )


async def builder_platforms(name: str | None, environment: Mapping[str, str]) -> frozenset[str]:
    """List the platforms that a builder says it runs, in normal form; empty if it cannot be asked or is not started."""
    return frozenset(platform for node in await node_platforms(name, environment) for platform in node)


async def node_platforms(name: str | None, environment: Mapping[str, str]) -> list[list[str]]:
    """List the platforms of each node of a builder, its own one first; likewise."""
    try:
        answer = await _capture([*find_buildx(environment), "inspect", *([name] if name else [])], environment)
    except BuilderError:
        return []
    lines = (line.strip().partition(":") for line in answer.stdout.splitlines())
    listed = [value.split(",") for title, _, value in lines if title == "Platforms"]
    return [[normal_or_same(word.split()[0].strip("*")) for word in words if word.strip()] for words in listed]


async def _too_old(buildx: tuple[str, ...], environment: Mapping[str, str]) -> BuilderError:
    version = await _capture([*buildx, "version"], environment)
    if version.code != 0 and len(buildx) > 1:
        # For a plugin that it does not have, Docker prints its own help, and calls that a success.
        return _no_buildx(f"docker is there, but not its plugin buildx: {_first_line(version.stderr)}")
    return BuilderError(
        "This buildx is too old.",
        where=" ".join(buildx),
        why=f"it does not know --progress=rawjson: {version.stdout.strip() or version.stderr.strip()}",
        next_step="Install docker-buildx 0.13 or newer.",
    )


async def _has_containerd_store(builder: str, environment: Mapping[str, str]) -> bool:
    """Ask Docker itself; a docker-driver builder has the name of its docker context."""
    docker = shutil.which("docker", path=environment.get("PATH"))
    if docker is None:
        return False
    answer = await _capture([docker, "--context", builder, "info", "--format", "{{json .DriverStatus}}"], environment)
    return "io.containerd.snapshotter" in answer.stdout


async def _capture(argv: list[str], environment: Mapping[str, str]) -> Completed:
    try:
        return await capture(argv, env=environment, timeout_s=_TIMEOUT_S)
    except TimeoutError as error:
        raise BuilderError(
            "Buildx did not answer.", where=" ".join(argv[:3]), why=f"nothing for {_TIMEOUT_S:.0f} s"
        ) from error


def _facts(text: str) -> dict[str, str]:
    """``name: value`` lines; the first of a name counts, so the builder's before its nodes'."""
    facts: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.strip().partition(":")
        if colon:
            facts.setdefault(name.strip(), value.strip())
    return facts


def _statuses(text: str) -> set[str]:
    """The states of a builder's nodes."""
    lines = (line.strip().partition(":") for line in text.splitlines())
    return {value.strip() for name, _, value in lines if name == "Status"}


def _spelled(buildx: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """Format the command as a user calls this buildx."""
    name = Path(buildx[0]).name
    if len(buildx) > 1 or (name == "docker-buildx" and shutil.which("docker", path=environment.get("PATH"))):
        return "docker buildx"
    return name


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "it said nothing")
