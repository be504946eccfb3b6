"""FI004, FI005: what is downloaded again, and what stays in a layer.

Decides which downloads have a cache mount for their program, and where pip's cache ends up in the image. A mount counts
for a program when it is where the program's cache is, or when this module does not know where that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.checks.dockerfile.steps.installs import SYSTEM_MANAGERS, Install, downloads, installs_of
from fast_container.checks.dockerfile.steps.known_images import has_known_environment
from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding, Severity
from fast_container.core.spelling import counted

CACHE_PLACES: Final = {
    "pip": "/root/.cache/pip",
    "uv": "/root/.cache/uv",
    "poetry": "/root/.cache/pypoetry",
    "npm": "/root/.npm",
    "pnpm": "/root/.local/share/pnpm/store",
    "yarn": "/usr/local/share/.cache/yarn",
    "apt": "/var/cache/apt",
    "apk": "/var/cache/apk",
    "dnf": "/var/cache/dnf",
}
"""Program → where root's cache is."""


def cache_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about caches."""
    final = {id(step) for step in image.stages.target.chain()}
    for stage, step in image.stages.steps():
        known = has_known_environment(stage.root)
        installs = installs_of(step)
        for program in dict.fromkeys(one.program for one in installs if downloads(one, step.env)):
            mine = [one for one in installs if one.program == program and downloads(one, step.env)]
            if step.cache_targets:
                yield from _defeated(image, step, program, mine)
            elif not _is_bootstrap(mine):
                yield from _without_mount(image, step, program)
        if id(step) in final and known and not step.cache_targets:
            yield from _left_behind(image, step, installs)


def _is_bootstrap(installs: list[Install]) -> bool:
    """Whether only installers are installed: too little for a cache to matter."""
    names = [name for one in installs for name in (*one.distributions, *one.files, *one.local)]
    few = frozenset(["pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pdm", "build"])
    return bool(names) and few.issuperset(names)


def _without_mount(image: LintedImage, step: Step, program: str) -> Iterator[Finding]:
    place = CACHE_PLACES.get(program, "")
    at_most = Severity.INFO if program in SYSTEM_MANAGERS else None
    mount = f"--mount=type=cache,target={place}" if place else "a cache mount for its cache"
    also = "" if program not in SYSTEM_MANAGERS else " (and keep what it downloads: Docker's image deletes it for apt)"
    yield from image.finding(
        "FI004",
        step.line,
        f"{program} downloads without a cache mount.",
        why="Each time that this step runs again, everything is downloaded again.",
        fix=f"RUN {mount} …{also if program == 'apt' else ''}",
        estimate=_seconds(image, step),
        at_most=at_most,
    )


def _seconds(image: LintedImage, step: Step) -> Estimate | None:
    """The seconds of the whole step in earlier builds: its downloads are a part of that."""
    found = image.seconds.of_step(step.command.node)
    if found is None:
        return None
    return Estimate(seconds=found[0], basis=f"the whole step, the median of {counted(found[1], 'earlier build')}")


def _defeated(image: LintedImage, step: Step, program: str, installs: list[Install]) -> Iterator[Finding]:
    if program not in ("pip", "uv") or not any(program in target for target in step.cache_targets):
        return
    switch = "--no-cache-dir" if program == "pip" else "--no-cache"
    by_switch = any(switch in one.switches or (program == "uv" and "-n" in one.switches) for one in installs)
    by_env = _is_on(step.env.get("PIP_NO_CACHE_DIR" if program == "pip" else "UV_NO_CACHE"))
    if by_switch or by_env:
        yield from image.finding(
            "FI004",
            step.line,
            f"{program} has a cache mount and is told not to use it.",
            why="The mount stays empty; each run downloads everything again.",
            fix=f"Leave out {switch if by_switch else 'the variable'}: a mount is in no layer.",
        )


def _left_behind(image: LintedImage, step: Step, installs: list[Install]) -> Iterator[Finding]:
    pip = [one for one in installs if one.program == "pip" and downloads(one, step.env)]
    if not pip or _is_on(step.env.get("PIP_NO_CACHE_DIR")):
        return
    kept = [
        one
        for one in pip
        if "--no-cache-dir" not in one.switches and not _is_on(one.command.env.get("PIP_NO_CACHE_DIR"))
    ]
    if not kept or _removes_cache(step):
        return
    yield from image.finding(
        "FI005",
        step.line,
        "pip keeps a copy of what it downloads in this layer.",
        why="The layer is in the image; wheels lie in it twice, packed and unpacked.",
        fix="RUN --mount=type=cache,target=/root/.cache/pip …, or --no-cache-dir where no cache mount can be.",
    )


def _removes_cache(step: Step) -> bool:
    for command in step.commands or ():
        removed = command.program in ("rm", "find") and any("cache" in word for word in command.arguments)
        purged = "cache" in command.words and "purge" in command.words
        if removed or purged:
            return True
    return False


def _is_on(value: str | None) -> bool:
    return value is not None and value.lower() not in ("", "false", "no")
