"""``ONBUILD`` triggers that ran although they were unknown when the image was hashed.

Decides from the steps of a build which triggers of a base with unknown ones ran, and which of them read something
that was not hashed. Leaves telling the user to ``build.ran``.
Source: BuildKit v0.34.2, ``prefixCommand`` and ``initOnBuildTriggers`` of ``dockerfile2llb``: a trigger has a mark,
and each trigger, whatever it is, counts as a step of its stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from fast_container.core.dockerfile.instructions import Copy, Run
from fast_container.core.dockerfile.lines import parse_text
from fast_container.core.dockerfile.model import AssumedStage, RanStep, RefusedError
from fast_container.core.dockerfile.mounts import read_mount
from fast_container.core.dockerfile.read_instructions import read_body
from fast_container.core.dockerfile.sources import source_kind

_MARK: Final = "ONBUILD "


def unseen_triggers(assumed: AssumedStage, ran: Iterable[RanStep], secrets: Collection[str] = ()) -> tuple[str, ...]:
    """Return the triggers of a stage that read something that was not hashed.

    Args:
        assumed: The stage as it was read.
        ran: The steps of the whole build.
        secrets: Ids of the secrets that the build had; a mount of any other was empty.
    """
    steps = [step for step in ran if _label(step.stage) == assumed.label]
    found = dict.fromkeys(_triggers(assumed, steps))
    return tuple(text for text in found if reads_unseen(text, context_is_whole=assumed.whole, secrets=secrets))


def _label(stage: str) -> str:
    """Drop the platform that precedes the stage in builds that may be for several."""
    first, _, rest = stage.partition(" ")
    return rest if "/" in first else stage


def reads_unseen(trigger: str, *, context_is_whole: bool, secrets: Collection[str] = ()) -> bool:
    """Whether a trigger reads something of the build that was not hashed because the trigger was unknown."""
    try:
        nodes = parse_text(trigger).nodes
        bodies = [read_body(node) for node in nodes]
    except RefusedError:
        return True
    return any(_reads(body, secrets, context_is_whole=context_is_whole) for body in bodies)


def _reads(body: object, secrets: Collection[str], *, context_is_whole: bool) -> bool:
    if isinstance(body, Copy):
        if body.origin:
            return True  # Perhaps a stage or a named context of the file has that name.
        return not context_is_whole and any(source_kind(source)[0] == "path" for source in body.sources)
    if isinstance(body, Run):
        return any(_mounts_unseen(text, secrets, context_is_whole=context_is_whole) for text in body.mounts)
    return False


def _mounts_unseen(text: str, secrets: Collection[str], *, context_is_whole: bool) -> bool:
    try:
        mount = read_mount(text, _as_written)
    except RefusedError:
        return True
    if mount.type in ("secret", "ssh"):
        return not mount.may_be_absent and (mount.type == "ssh" or mount.secret_id not in secrets)
    return bool(mount.from_) or (mount.type == "bind" and not context_is_whole)


def _as_written(word: str) -> str:
    return word


def _triggers(assumed: AssumedStage, steps: list[RanStep]) -> Iterator[str]:
    marked = [step.text.removeprefix(_MARK) for step in steps if step.text.startswith(_MARK)]
    if marked:
        yield from marked
        return
    # This frontend does not mark triggers: they come first, and count as steps. BuildKit runs a step that several
    # builds share once, under the name that one of them gave it, so only a stage numbered without a gap counts here.
    counts, numbers = {step.count for step in steps}, {step.number for step in steps}
    if len(counts) == 1 and numbers == set(range(1, max(counts) + 1)):
        more = max(counts) - assumed.steps
        yield from (step.text for step in steps if 1 < step.number <= 1 + more)
