"""What a fix asks about a step: where it is, who runs it, in which directory.

Decides what is known of it: an image of others may have a user, a home and a working directory of its own, which then
are unknown, and what depends on them is left to people.
"""

from __future__ import annotations

from typing import Final

from fast_container.checks.dockerfile.steps.known_images import (
    is_lambda_base,
    official_name,
    starts_as_root,
)
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.core.dockerfile.instructions import Env
from fast_container.core.go_path import clean

_ROOT: Final = frozenset(["root", "0"])
_DIRECTORIES: Final = {"golang": "/go"}


def step_at(image: LintedImage, line: int) -> tuple[Stage, Step] | None:
    """The stage and the step of a line; None for a trigger of a base, which is not in the file."""
    found = (one for one in image.stages.steps() if one[1].line == line and not one[1].command.triggered)
    return next(found, None)


def steps_before(stage: Stage, step: Step | None) -> list[Step]:
    """The steps that a step follows, of the stages below too; all of them for None."""
    chain = stage.chain()
    return chain if step is None else chain[: next(at for at, one in enumerate(chain) if one is step)]


def runs_as_root_at(stage: Stage, step: Step | None) -> bool:
    """Whether a step, or one at the end of a stage, certainly runs as root."""
    users = [one.words[0] for one in steps_before(stage, step) if one.name == "USER" and one.words]
    return users[-1].partition(":")[0] in _ROOT if users else starts_as_root(stage.root)


def variables_set(stage: Stage, step: Step | None) -> frozenset[str]:
    """Names that ``ENV`` sets before a step."""
    bodies = [one.command.body for one in steps_before(stage, step)]
    return frozenset(name for body in bodies if isinstance(body, Env) for name, _ in body.pairs)


def directory_at(stage: Stage, step: Step | None) -> str:
    """The working directory at a step; ``""`` if unknown."""
    root = stage.root
    name = official_name(root.image)
    found = _DIRECTORIES.get(name, "/") if name or root.from_scratch else ""
    if is_lambda_base(root.image):
        found = "/var/task"
    for one in steps_before(stage, step):
        if one.name != "WORKDIR" or not one.words:
            continue
        path = one.words[0]
        if "$" in path:
            found = ""
        elif path.startswith("/"):
            found = clean(path)
        else:
            found = clean(f"{found}/{path}") if found else ""
    return found
