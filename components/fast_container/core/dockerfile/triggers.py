"""``ONBUILD`` triggers that ran although nobody had read them.

Decides from the steps of a build which triggers of an image with unknown ones ran, and which of them read what was not
hashed. Leaves telling the user to ``build.ran``.
Source: BuildKit v0.34.2, ``prefixCommand`` and ``initOnBuildTriggers`` of ``dockerfile2llb``: a trigger has a mark,
and each trigger, whatever it is, counts as a step of its stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from fast_container.core.dockerfile.instructions import Copy, Run, read_body
from fast_container.core.dockerfile.lines import parse_text
from fast_container.core.dockerfile.model import AssumedStage, RanStep, RefusedError
from fast_container.core.dockerfile.mounts import read_mount
from fast_container.core.dockerfile.sources import source_kind

_MARK: Final = "ONBUILD "


def unseen_triggers(assumed: AssumedStage, ran: Iterable[RanStep], secrets: Collection[str] = ()) -> tuple[str, ...]:
    """The triggers of a stage that read what was not hashed; empty where none did.

    Args:
        assumed: The stage as it was read.
        ran: The steps of the whole build.
        secrets: Ids of those that the build had; a mount of another one was empty.
    """
    steps = [step for step in ran if _label(step.stage) == assumed.label]
    found = dict.fromkeys(_triggers(assumed, steps))
    return tuple(text for text in found if reads_unseen(text, context_is_whole=assumed.whole, secrets=secrets))


def _label(stage: str) -> str:
    """A step's stage without its platform, which stands before it in builds that may be for several."""
    first, _, rest = stage.partition(" ")
    return rest if "/" in first else stage


def reads_unseen(trigger: str, *, context_is_whole: bool, secrets: Collection[str] = ()) -> bool:
    """Whether a trigger reads something of the build that only knowing the trigger would have told."""
    try:
        nodes = parse_text(trigger).nodes
        bodies = [read_body(node) for node in nodes]
    except RefusedError:
        return True
    return any(_reads(body, secrets, context_is_whole=context_is_whole) for body in bodies)


def _reads(body: object, secrets: Collection[str], *, context_is_whole: bool) -> bool:
    if isinstance(body, Copy):
        if body.origin:
            return True  # A stage or a named context of the file has that name, perhaps.
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
    # A frontend that does not mark them: they come first, and count. BuildKit does a step that several builds share
    # once, under the name that one of them gave it: only a stage that is numbered without a gap tells of its triggers.
    counts, numbers = {step.count for step in steps}, {step.number for step in steps}
    if len(counts) == 1 and numbers == set(range(1, max(counts) + 1)):
        more = max(counts) - assumed.steps
        yield from (step.text for step in steps if 1 < step.number <= 1 + more)
