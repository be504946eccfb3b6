"""FI006, FI007: what stays in the image that only a build needs.

Decides which packages are compilers or headers, and which copies take whole trees. A compiler that the same ``RUN``
removes again does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.dockerfile.steps.installs import SYSTEM_MANAGERS, Install, installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding
from fast_container.core.dockerfile.instructions import Copy
from fast_container.core.go_path import clean

_COMPILERS: Final = re.compile(
    r"(?:gcc|g\+\+|cpp|clang|llvm|gfortran|binutils)(?:-\d+(?:\.\d+)?)?|gcc-c\+\+|gcc-gfortran|build-essential|build-base"
    r"|make|cmake|ninja-build|autoconf|automake|musl-dev|linux-headers|rustc|cargo|golang(?:-go)?|dpkg-dev"
    r"|Development Tools|@development(?:-tools)?"
)
_HEADERS: Final = {"apt": "-dev", "apk": "-dev", "dnf": "-devel"}
_REMOVING: Final = frozenset(["remove", "purge", "autoremove", "del", "erase", "history"])
_TREES: Final = frozenset(["/usr", "/usr/local", "/root", "/opt/venv/.cache"])
_SHOWN: Final = 4


def final_stage_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about what stays in the image."""
    for step in image.stages.target.chain():
        yield from _compilers(image, step)
        yield from _trees(image, step)


def _compilers(image: LintedImage, step: Step) -> Iterator[Finding]:
    if _removes(step):
        return
    found = [name for install in installs_of(step) for name in _build_packages(install)]
    if not found:
        return
    names = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    yield from image.finding(
        "FI006",
        step.line,
        f"The image keeps {names}.",
        why="What only compiling needs is pulled, scanned and stored with every image, and helps an intruder.",
        fix="Compile in a stage of its own and copy the result (a wheel, a virtual environment) from there.",
    )


def _build_packages(install: Install) -> list[str]:
    if install.manager not in SYSTEM_MANAGERS:
        return []
    headers = _HEADERS[install.manager]
    names = [re.split(r"[=<>~]", name)[0] for name in install.names]
    return [name for name in names if _COMPILERS.fullmatch(name) or name.endswith(headers)]


def _removes(step: Step) -> bool:
    return any(
        command.program in ("apt-get", "apt", "apk", "dnf", "yum", "microdnf", "aptitude", "dpkg")
        and not _REMOVING.isdisjoint(command.arguments)
        for command in step.commands or ()
    )


def _trees(image: LintedImage, step: Step) -> Iterator[Finding]:
    body = step.command.body
    if not isinstance(body, Copy) or step.origin is None:
        return
    for source in body.sources:
        path = clean(source)
        if not _is_whole_tree(path, step.origin):
            continue
        yield from image.finding(
            "FI007",
            step.line,
            f"COPY --from={body.origin} takes all of {path}.",
            why="Installers, caches and what else the stage put there come along, beside what the image has already.",
            fix="Install into one directory (a virtual environment, --target DIR) in the stage and copy only that.",
        )


def _is_whole_tree(path: str, origin: Stage) -> bool:
    parts = path.split("/")
    if ".cache" in parts:
        return True
    installs = [install for step in origin.chain() for install in installs_of(step)]
    if path in _TREES:
        return any(install.is_python or install.manager in SYSTEM_MANAGERS for install in installs)
    if path != "/root/.local":
        return False
    fetched = any(
        command.program in ("curl", "wget", "pipx") for step in origin.chain() for command in step.commands or ()
    )
    return fetched or any(set(install.distributions) & {"uv", "poetry", "pipenv", "pdm"} for install in installs)
