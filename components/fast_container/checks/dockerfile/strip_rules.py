"""FI013: strip over the libraries that wheels bundle.

Decides that ``strip`` over installed packages is wrong unless it leaves out ``*.libs``: the libraries there were moved
in the file by the wheel's builder, and stripping them breaks them (numpy's do not load any more).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.dockerfile.steps.shell_commands import ShellCommand
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding

_PACKAGES: Final = re.compile(r".*(?:site-packages|dist-packages|/var/task|/opt/python|/venv|/\.venv)(?:/.*)?")
_LIBRARIES: Final = re.compile(r".*\.so\b.*")


def strip_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about strip."""
    for _, step in image.stages.steps():
        commands = step.commands or ()
        for command in commands:
            pipeline = [one for one in commands if one.pipeline == command.pipeline]
            if _strips(command) and _is_wrong(command, pipeline):
                yield from image.finding(
                    "FI013",
                    step.line,
                    "strip goes over installed packages, with the libraries that wheels bundle.",
                    why="Those in *.libs (numpy's OpenBLAS) do not load after that, and wheels are stripped already.",
                    fix="Leave strip out, or add -not -path '*.libs/*' and import every package after it.",
                )


def _strips(command: ShellCommand) -> bool:
    if command.program == "strip":
        return True
    inner = [word.rpartition("/")[2] for word in command.arguments]
    return command.program in ("find", "xargs", "parallel") and "strip" in inner


def _is_wrong(command: ShellCommand, pipeline: list[ShellCommand]) -> bool:
    words = [word for one in (pipeline if command.program == "xargs" else [command]) for word in one.words]
    if any("libs" in word for word in words):
        return False
    places = any(_PACKAGES.fullmatch(word) for word in words)
    return places and (command.program == "strip" or any(_LIBRARIES.match(word) for word in words))
