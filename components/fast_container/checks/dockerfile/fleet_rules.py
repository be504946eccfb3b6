"""FI003: the same distributions in several images of a program.

Decides that two installations are the same when they ask for the same requirements, for the same platform, for an image
itself (not for a stage that only builds), and all of their files were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fast_container.checks.dockerfile.requirement_lines import requirements_of
from fast_container.checks.dockerfile.steps.installs import installs_of
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding

_FEWEST: Final = 3
_SHOWN: Final = 5


def fleet_rules(images: Sequence[LintedImage]) -> Iterator[Finding]:
    """Yield findings about several images of one program, one for each set that they share."""
    users: dict[tuple[str, frozenset[str]], dict[str, tuple[LintedImage, int]]] = {}
    for image in images:
        for line, wanted in _sets(image):
            users.setdefault((image.platform, wanted), {}).setdefault(image.name, (image, line))
    for (_, wanted), of in users.items():
        if len(of) < 2:
            continue
        first, line = next(iter(of.values()))
        names = ", ".join(list(of)[:_SHOWN]) + (", …" if len(of) > _SHOWN else "")
        yield from first.finding(
            "FI003",
            line,
            f"{len(of)} images install the same {len(wanted)} distributions: {names}.",
            why="Each of them installs, stores and is scanned for its own copy when one of the distributions changes.",
            fix='One BaseImage serves them: BaseImage("deps", …, install="dependencies"), and'
            ' base_images={"BASE_IMAGE": deps} on each image.',
            estimate=Estimate(basis=f"{len(of) - 1} of {len(of)} installations saved at each change of a dependency"),
        )


def _sets(image: LintedImage) -> Iterator[tuple[int, frozenset[str]]]:
    final = {id(step) for step in image.stages.target.chain()}
    for stage, step in image.stages.steps():
        for install in installs_of(step):
            into_image = id(step) in final or any(option in install.values for option in ("--target", "--prefix"))
            if install.manager != "pip" or install.local or not into_image:
                continue
            asked = requirements_of(image, stage, step, install)
            wanted = frozenset(line.text for line in asked.lines)
            if asked.complete and len(wanted) >= _FEWEST:
                yield step.line, wanted
