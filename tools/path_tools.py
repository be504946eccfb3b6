"""Which programs on PATH are used instead of ours.

Decides whether the user's own ``pulumi``, ``buildx`` or ``runc`` is new enough, and says in one line why one is
skipped. A program is asked for its version once; the answer is remembered under its path, size and time of change, so
that a later look starts no process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.pins import BUILDX_FLOOR, PULUMI_FLOOR, Version, parse_version, show_version

PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_LANGUAGE_SET = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")


@dataclass(frozen=True)
class OnPath:
    """The programs that are used from PATH.

    Args:
        programs: Program name -> the user's own executable.
        passed_over: One line for each program that is there but not used, with the reason.
    """

    programs: Mapping[str, Path]
    passed_over: tuple[str, ...] = ()


def look(
    environ: Mapping[str, str], ours: Path, memory: Path, plugin_folders: Sequence[str] = PLUGIN_FOLDERS
) -> OnPath:
    """Looks for usable programs on PATH.

    Args:
        environ: The environment whose PATH (and DOCKER_CONFIG, HOME) counts.
        ours: The folder of our own tools; what lies there is not the user's.
        memory: The file that remembers versions.
        plugin_folders: Where plugins of the docker command lie beside the user's own.
    """
    programs: dict[str, Path] = {}
    passed_over: list[str] = []
    asked = _Memory(memory)
    pulumi = _which("pulumi", _path_folders(environ), ours)
    if pulumi:
        version = asked.version(pulumi, ["version"], environ)
        if version and version >= PULUMI_FLOOR:
            programs["pulumi"] = pulumi
            # They belong together: a host starts its companion with arguments of its own version.
            for folder in (pulumi.parent, pulumi.resolve().parent):
                beside = {name: folder / name for name in _LANGUAGE_SET}
                if all(os.access(path, os.X_OK) for path in beside.values()):
                    programs.update(beside)
                    break
        else:
            passed_over.append(_reason("pulumi", pulumi, version, PULUMI_FLOOR, "which brought resource hooks"))
    buildx = _find_buildx(environ, ours, plugin_folders)
    if buildx:
        version = asked.version(buildx, ["version"], environ)
        if version and version >= BUILDX_FLOOR:
            programs["buildx"] = buildx
        else:
            passed_over.append(_reason("buildx", buildx, version, BUILDX_FLOOR, "which brought rawjson"))
    runc = _which("runc", [*_path_folders(environ), "/usr/sbin", "/usr/local/sbin"], ours)
    if runc:
        programs["runc"] = runc
    asked.save()
    return OnPath(programs, tuple(passed_over))


def _reason(name: str, path: Path, version: Version | None, floor: Version, why: str) -> str:
    has = f"is {show_version(version)}" if version else "does not say its version"
    return f"{name}: {path} {has}, at least {show_version(floor)} is needed ({why}): using our own"


def _path_folders(environ: Mapping[str, str]) -> list[str]:
    return [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if folder]


def _find_buildx(environ: Mapping[str, str], ours: Path, plugin_folders: Sequence[str]) -> Path | None:
    folders = _path_folders(environ)
    config = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker"
    plugins = [f"{config}/cli-plugins", *plugin_folders]
    return _which("buildx", folders, ours) or _which("docker-buildx", [*folders, *plugins], ours)


def _which(name: str, folders: list[str], ours: Path) -> Path | None:
    """The first executable of that name that is neither one of ours nor a link that we made."""
    home = ours.resolve()
    for folder in folders:
        found = shutil.which(name, path=folder)
        if found and not any(home in place.parents for place in (Path(found).absolute(), Path(found).resolve())):
            return Path(found)
    return None


class _Memory:
    """Versions that programs have told, kept in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = False
        try:
            self._told: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._told = {}

    def version(self, program: Path, arguments: list[str], environ: Mapping[str, str]) -> Version | None:
        state = program.stat()
        identity = f"{program} {state.st_size} {state.st_mtime_ns}"
        if identity not in self._told:
            self._told[identity] = _ask([str(program), *arguments], environ)
            self._new = True
        return parse_version(self._told[identity])

    def save(self) -> None:
        if not self._new:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=self._path.parent, prefix=".told-", delete=False, encoding="utf-8"
        ) as new:
            json.dump(self._told, new)
        Path(new.name).replace(self._path)


def _ask(command: list[str], environ: Mapping[str, str]) -> str:
    try:
        answer = subprocess.run(
            command,
            env={**environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout
