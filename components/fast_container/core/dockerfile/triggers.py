"""``ONBUILD`` triggers that ran although nobody had read them.

Decides from the steps of a build which triggers of an image with unknown ones ran, and which of them read what was not
hashed. Leaves telling the user to ``build.ran``.
Source: BuildKit v0.34.2, ``prefixCommand`` and ``initOnBuildTriggers`` of ``dockerfile2llb``: a trigger has a mark,
and each trigger, whatever it is, counts as a step of its stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fast_container.core.dockerfile.instructions import Copy, Run, read_body
from fast_container.core.dockerfile.lines import parse_text
from fast_container.core.dockerfile.model import AssumedStage, RanStep, RefusedError
from fast_container.core.dockerfile.sources import source_kind

_MARK: Final = "ONBUILD "


def unseen_triggers(assumed: AssumedStage, ran: Iterable[RanStep]) -> tuple[str, ...]:
    """The triggers of a stage that read what was not hashed; empty where none did.

    Args:
        assumed: The stage as it was read.
        ran: The steps of the whole build.
    """
    steps = [step for step in ran if step.stage == assumed.label]
    return tuple(
        dict.fromkeys(text for text in _triggers(assumed, steps) if reads_unseen(text, context_is_whole=assumed.whole))
    )


def reads_unseen(trigger: str, *, context_is_whole: bool) -> bool:
    """Whether a trigger reads something of the build that only knowing the trigger would have told."""
    try:
        nodes = parse_text(trigger).nodes
        bodies = [read_body(node) for node in nodes]
    except RefusedError:
        return True
    return any(_reads(body, context_is_whole=context_is_whole) for body in bodies)


def _reads(body: object, *, context_is_whole: bool) -> bool:
    if isinstance(body, Copy):
        if body.origin:
            return True  # A stage or a named context of the file has that name, perhaps.
        return not context_is_whole and any(source_kind(source)[0] == "path" for source in body.sources)
    if isinstance(body, Run):
        plain = {"type=cache", "type=tmpfs", "type=secret", "type=ssh"}
        mounts = [set(mount.split(",")) for mount in body.mounts]
        return any(
            origin or (not context_is_whole and not plain & mount)
            for mount, origin in zip(mounts, body.origins, strict=True)
        )
    return False


def _triggers(assumed: AssumedStage, steps: list[RanStep]) -> Iterator[str]:
    marked = [step.text.removeprefix(_MARK) for step in steps if step.text.startswith(_MARK)]
    if marked:
        yield from marked
        return
    # A frontend that does not mark them: they come first, and count.
    more = max((step.count for step in steps), default=0) - assumed.steps
    yield from (step.text for step in steps if 1 < step.number <= 1 + more)
