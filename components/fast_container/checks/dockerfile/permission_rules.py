"""FI017: files that Lambda's user cannot read.

Decides which steps certainly take permissions from others: a mode of ``COPY`` or ``ADD``, or a ``chmod`` of a plain
path. Lambda runs the function as a user of its own. What the base image and its packages hold is seen after the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding
from fast_container.core.dockerfile.instructions import Copy

_OCTAL: Final = re.compile(r"[0-7]{3,4}")
_SYMBOLIC: Final = re.compile(r"(?:[ugoa]*[-+=][rwxX]*,)*(?:go|o)(?:-\w*r\w*|=[wx]*)(?:,\S*)?")
_TEMPORARY: Final = ("/tmp/", "/var/tmp/", "/root/.ssh", "/run/")  # noqa: S108 - folders of the image


def permission_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about permissions of what stays in the image."""
    for step in image.stages.target.chain():
        mode = _mode_of_copy(step) or _mode_of_chmod(step)
        if mode:
            yield from image.finding(
                "FI017",
                step.line,
                f"Mode {mode} lets only its owner read this.",
                why="Lambda runs the function as a user of its own; a file that it cannot read fails when it is used.",
                fix="Let others read it: 644 for files, 755 for directories and programs.",
            )


def takes_read(mode: str) -> bool:
    """Whether a mode certainly takes reading from others."""
    if _OCTAL.fullmatch(mode):
        return not int(mode[-1]) & 4
    return _SYMBOLIC.fullmatch(mode) is not None


def _mode_of_copy(step: Step) -> str:
    body = step.command.body
    if not isinstance(body, Copy) or body.destination.startswith(_TEMPORARY):
        return ""
    mode = body.flags.single.get("chmod", "")
    return mode if takes_read(mode) else ""


def _mode_of_chmod(step: Step) -> str:
    """The mode of a ``chmod`` in a step that does not change it again."""
    commands = [one for one in step.commands or () if one.program == "chmod"]
    for command in commands if len(commands) == 1 else ():
        words = [word for word in command.arguments if not word.startswith("-") or takes_read(word)]
        if len(words) > 1 and takes_read(words[0]) and not any(word.startswith(_TEMPORARY) for word in words[1:]):
            return words[0]
    return ""
