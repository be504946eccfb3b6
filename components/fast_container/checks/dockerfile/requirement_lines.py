"""The requirement lines of the files that an installation names.

Decides which file of the build context an installation reads: the one of that name that came in before it, if there is
one only. Leaves what a requirement means to the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.checks.dockerfile.steps.installs import Install
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.core.dockerfile.instructions import Copy

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One requirement.

    Attributes:
        name: Normalised.
        text: As written, without hashes.
        file: Path in the context; ``""`` for one on the command line.
        line: Line in that file, or of the ``RUN``.
    """

    name: str
    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class InstalledRequirements:
    """What an installation asks for.

    Attributes:
        lines: The requirements.
        options: The options that the files hold.
        complete: Whether every file that it names was found and read.
    """

    lines: tuple[RequirementLine, ...]
    options: tuple[str, ...]
    complete: bool


def requirements_of(image: LintedImage, stage: Stage, step: Step, install: Install) -> InstalledRequirements:
    """Collect what an installation of pip asks for."""
    lines = [RequirementLine(_normal(name), name, "", step.line) for name in install.names if _NAME.match(name)]
    options: list[str] = []
    complete = True
    for file in install.files:
        path = context_path(image, stage, step, file)
        text = image.files.text(path) if path else None
        if text is None:
            complete = False
            continue
        for number, line in _logical_lines(text):
            if line.startswith("-"):
                options.append(line)
                complete = complete and not line.startswith(("-r", "--requirement", "-e", "--editable"))
            elif _NAME.match(line):
                lines.append(RequirementLine(_normal(line), line, path, number))
    return InstalledRequirements(tuple(lines), tuple(options), complete)


def context_path(image: LintedImage, stage: Stage, step: Step, file: str) -> str:
    """Find the file of the context that a path in the image is; ``""`` if that is not certain."""
    name = file.rpartition("/")[2]
    found: set[str] = set()
    for before in _until(stage.chain(), step):
        for selector in before.inputs:
            taken = image.files.taken(selector)
            found.update(path for path in taken if path.rpartition("/")[2] == name)
            body = before.command.body
            renamed = isinstance(body, Copy) and len(taken) == 1 and body.destination.rpartition("/")[2] == name
            found.update(taken if renamed else ())
        targets = [mount for mount in before.mounts if mount.type == "bind" and mount.target.rpartition("/")[2] == name]
        found.update(mount.source for mount in targets if mount.source in image.files.sizes and not mount.origin)
    # Of several files of one name, the one whose folder is named too.
    named = [path for path in found if "/" in path and f"/{file}".endswith(f"/{path}")]
    candidates = found if len(found) == 1 else named
    return next(iter(candidates)) if len(candidates) == 1 else ""


def _until(chain: Sequence[Step], last: Step) -> Iterator[Step]:
    for step in chain:
        yield step
        if step is last:
            return


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    waiting, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _COMMENT.sub("", raw).strip()
        start = start or number
        if line.endswith("\\"):
            waiting += line.removesuffix("\\") + " "
            continue
        whole = f"{waiting}{line}".partition(" --hash")[0].strip()
        if whole:
            yield start, whole
        waiting, start = "", 0


def _normal(text: str) -> str:
    match = _NAME.match(text)
    return re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""
