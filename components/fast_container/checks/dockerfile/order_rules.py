"""FI001, FI002: the order of copying and installing.

Decides, for each installation of third-party packages, which source is copied before it in its stage and those below
it, or mounted into it. Installing first and copying later is right, also when a second installation follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.checks.dockerfile.lock_sizes import lock_estimate
from fast_container.checks.dockerfile.steps.installs import SYSTEM_MANAGERS, Install, installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding
from fast_container.core.spelling import counted

_TOOLS: Final = frozenset(["pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pdm", "build", "hatchling"])
_SHOWN: Final = 3


def order_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about order."""
    for stage in image.stages.stages:
        yield from _of_stage(image, stage)


def _of_stage(image: LintedImage, stage: Stage) -> Iterator[Finding]:
    copied: dict[str, list[str]] = {}
    earlier: list[Install] = []
    own = {id(step) for step in stage.steps}
    for step in stage.chain():
        sources = {**copied, **_sources(image, step)}
        local: list[Install] = []
        for install in installs_of(step):
            if id(step) in own and sources and not _was_done(install, earlier):
                if install.manager == "pip" and install.local and not install.files and install.resolves:
                    local.append(install)
                else:
                    yield from _judged(image, step, install, sources)
            earlier += [] if copied or _sources(image, step) else [install]
        if local:
            yield from _local(image, step, local, sources)
        copied |= _sources(image, step) if step.name != "RUN" else {}


def _sources(image: LintedImage, step: Step) -> dict[str, list[str]]:
    """Source as written → files of it that people edit."""
    found: dict[str, list[str]] = {}
    for selector in step.inputs:
        edited = image.files.taken_source(selector)
        if edited:
            found[selector.text] = edited
    return found


def _was_done(install: Install, earlier: list[Install]) -> bool:
    """Whether the same packages were installed before any source came in."""
    same = [one for one in earlier if one.manager == install.manager]
    if install.manager != "pip":
        return bool(same)
    if install.local and not install.files:
        return any(one.files or set(one.distributions) - _TOOLS for one in same)
    files = {name for one in same for name in one.files}
    return bool(install.files) and set(install.files) <= files


def _judged(image: LintedImage, step: Step, install: Install, sources: dict[str, list[str]]) -> Iterator[Finding]:
    if install.manager in SYSTEM_MANAGERS or not install.resolves:
        return
    asked = set(install.distributions)
    if install.manager == "pip" and not install.files and not install.local and asked <= _TOOLS:
        return
    names = _names(list(sources))
    files = frozenset(path for paths in sources.values() for path in paths)
    yield from image.finding(
        "FI001",
        step.line,
        f"{_shown(install)} runs after source was copied ({names}: {_count(len(files))}).",
        why="Every edit of that source installs the dependencies again, since BuildKit repeats all later steps.",
        fix="Copy only the files that declare dependencies (or mount them), install, and copy the source after that.",
        estimate=_estimate(image, step, files),
    )


def _local(image: LintedImage, step: Step, installs: list[Install], sources: dict[str, list[str]]) -> Iterator[Finding]:
    packages = [path for install in installs for path in install.local]
    directories = [path for path in packages if not path.endswith((".whl", ".tar.gz", ".zip"))]
    if not directories:
        return
    files = frozenset(path for paths in sources.values() for path in paths)
    yield from image.finding(
        "FI002",
        step.line,
        f"pip installs {_names(directories)} and what {'it depends' if len(directories) == 1 else 'they depend'} on"
        " in one step.",
        why="Every edit of the package downloads and installs its dependencies again.",
        fix="Install the dependencies from a lock or requirements file first; then install the package with --no-deps.",
        estimate=_estimate(image, step, files),
    )


def _estimate(image: LintedImage, step: Step, files: frozenset[str]) -> Estimate | None:
    edits = image.files.edits_of(files)
    size = lock_estimate(image, step)
    basis: list[str] = []
    if edits is not None and edits[1]:
        basis.append(f"{edits[0]} of the last {edits[1]} commits would have installed again")
    size_bytes = size.size_bytes if size is not None else None
    seconds = image.seconds.of_step(step.command.node)
    if size is not None and size_bytes is not None:
        basis.insert(0, size.basis)
    if seconds is not None:
        basis.append(f"the time is the median of {counted(seconds[1], 'earlier build')}")
    if size_bytes is None and not basis:
        return None
    return Estimate(size_bytes, seconds[0] if seconds else None, "; ".join(basis))


def _shown(install: Install) -> str:
    words = [install.command.program, *install.command.arguments]
    text = " ".join(words[:6])
    return f"`{text}{' …' if len(words) > 6 else ''}`"


def _names(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _count(number: int) -> str:
    return f"{number} {'file' if number == 1 else 'files'}"
