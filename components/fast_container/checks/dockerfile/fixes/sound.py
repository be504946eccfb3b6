"""Whether a mended Dockerfile still says what it said.

Decides what a fix may change: words about caches and bytecode, a step that compiles, a ``USER``, a ``COPY`` of files
that were copied anyway, and the place of one. Everything else is there as often as before, stage by stage.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable
from typing import Final

from fast_container.checks.dockerfile.bytecode_rules import compilations
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage

_WORDS: Final = re.compile(
    r"(?<=\s)(?:--no-cache-dir|--no-cache|-n|--no-compile|--compile-bytecode|-o [12]"
    r"|--invalidation-mode unchecked-hash)(?=\s|\Z)|--mount=type=cache,target=\S+"
)


def is_sound(before: LintedImage, after: LintedImage) -> bool:
    """Whether the image is the same but for what a fix may change."""
    old, new = before.stages.stages, after.stages.stages
    if [_shape(stage) for stage in old] != [_shape(stage) for stage in new]:
        return False
    if _files(before) != _files(after):
        return False
    return all(_same_steps(one, other) for one, other in zip(old, new, strict=True))


def _shape(stage: Stage) -> tuple[Hashable, ...]:
    return stage.name, stage.base.name if stage.base else "", stage.image, stage.platform, stage.from_scratch


def _files(image: LintedImage) -> set[str]:
    return {path for _, step in image.stages.steps() for one in step.inputs for path in image.files.taken(one)}


def _same_steps(old: Stage, new: Stage) -> bool:
    before, after = (Counter(_said(step) for step in stage.steps) for stage in (old, new))
    added = after - before
    gone = before - after
    if any(name != "USER" for name, _ in gone):
        return False
    allowed = {_said(step) for step in new.steps if _may_be_added(step)}
    return set(added) <= allowed


def _may_be_added(step: Step) -> bool:
    return step.name in ("COPY", "USER") or (len(compilations(step)) == 1 and len(step.commands or ()) == 1)


def _said(step: Step) -> tuple[str, str]:
    """The instruction and its words, without those that a fix may change."""
    node = step.command.node
    text = node.original + "".join(one.content for one in node.heredocs)
    if step.name == "RUN":
        text = " ".join(_WORDS.sub("", text).split())
    return step.name, text
