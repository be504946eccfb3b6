"""FI003: the same distributions in several images of one program.

Decides that two installations are the same if they ask for exactly the same requirements or the same lock, for one
platform, for an image itself (not for a stage that only builds), and all of their files were read. What one base image
would save are the same steps of all images but one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fast_container.checks.dockerfile.lock_sizes import lock_estimate, read_locked_wheels
from fast_container.checks.dockerfile.requirement_lines import context_path, requirements_of
from fast_container.checks.dockerfile.steps.installs import installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding
from fast_container.core.spelling import counted

_FEWEST: Final = 3
_SHOWN: Final = 5


class _User(NamedTuple):
    """An image that installs a set, with the step and the files that say what."""

    image: LintedImage
    step: Step
    files: tuple[str, ...]


def fleet_rules(images: Sequence[LintedImage]) -> Iterator[Finding]:
    """Yield findings about several images of one program, one for each set that they share."""
    users: dict[tuple[str, frozenset[str]], dict[str, _User]] = {}
    for image in images:
        for wanted, user in _sets(image):
            users.setdefault((image.platform, wanted), {}).setdefault(image.name, user)
    for (_, wanted), of in users.items():
        if len(of) > 1:
            yield from _shared(list(of.values()), len(wanted))


def _shared(of: list[_User], count: int) -> Iterator[Finding]:
    first = of[0]
    names = ", ".join(user.image.name for user in of[:_SHOWN]) + (", …" if len(of) > _SHOWN else "")
    yield from first.image.finding(
        "FI003",
        first.step.line,
        f"{len(of)} images install the same {count} distributions: {names}.",
        why="Each of them installs, stores and is scanned for its own copy when one of the distributions changes.",
        fix=f"One BaseImage serves them: {_lines(first)}",
        estimate=_estimate(of),
    )


def _lines(first: _User) -> str:
    """The lines to write: in the program, and in each Dockerfile instead of the installation."""
    root = first.image.files.root or "."
    locks = [file for file in first.files if file.endswith(".lock")]
    files = (
        f"lock={locks[0]!r}" if locks else f"requirements={list(first.files)!r}" if first.files else "requirements=[…]"
    )
    base = f'deps = BaseImage("deps", repository=bases, root={root!r}, {files}, install="dependencies")'
    image = 'base_images={"BASE_IMAGE": deps}'
    return f"{base}; on each image {image}; in each Dockerfile ARG BASE_IMAGE and FROM ${{BASE_IMAGE}}."


def _estimate(of: list[_User]) -> Estimate:
    others = len(of) - 1
    times = sorted(found[0] for user in of if (found := user.image.seconds.of_step(user.step.command.node)))
    size = lock_estimate(of[0].image, of[0].step)
    basis = f"{others} of {counted(len(of), 'installation')} saved at each change of a dependency"
    # Of the images whose times are known, the slowest would still install.
    seconds = sum(times[:-1]) if len(times) == len(of) else None
    return Estimate(size.size_bytes * others if size and size.size_bytes is not None else None, seconds, basis)


def _sets(image: LintedImage) -> Iterator[tuple[frozenset[str], _User]]:
    final = {id(step) for step in image.stages.target.chain()}
    for stage, step in image.stages.steps():
        for install in installs_of(step):
            into_image = id(step) in final or any(option in install.values for option in ("--target", "--prefix"))
            if install.local or not into_image:
                continue
            if install.manager == "pip":
                asked = requirements_of(image, stage, step, install)
                wanted = frozenset(line.text for line in asked.lines)
                files = tuple(dict.fromkeys(line.file for line in asked.lines if line.file))
                if asked.complete and len(wanted) >= _FEWEST:
                    yield wanted, _User(image, step, files)
            elif install.manager == "uv" and not install.values:
                path = context_path(image, stage, step, "uv.lock")
                text = image.files.text(path) if path else None
                locked = read_locked_wheels(text, image.platform) if text else None
                if locked is not None and len(locked.versions) >= _FEWEST:
                    versions = frozenset(f"{name}=={version}" for name, version in locked.versions.items())
                    yield versions, _User(image, step, (path,))
