"""What one side made of one case: right, stale, refused, or built without need.

Decides from what the deployed image holds before and after the edit, and which line of an error is told. How a side is
run is decided in ``correctness``.
"""

from __future__ import annotations

from dataclasses import dataclass

GONE = "the image is gone"
_LONGEST = 40
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Outcome:
    """What happened on one side.

    Attributes:
        before: What the deployed image held after the first ``up``; None where that was refused.
        after: The same after the edit and a second ``up``.
        builds: Builds of the second ``up``.
        steps: Steps that they ran; 0 where BuildKit's cache had all.
        refusal: The last of what a refused ``up`` said.
    """

    before: object = None
    after: object = None
    builds: int = 0
    steps: int = 0
    refusal: str = ""


@dataclass(frozen=True)
class Verdict:
    """A judgement.

    Attributes:
        text: As the table has it.
        is_right: Whether what is deployed is right; a needless build is.
    """

    text: str
    is_right: bool


def judge(outcome: Outcome, before: object, after: object, *, must_build: bool) -> Verdict:
    """Compare what a side did with what it was to do.

    Args:
        outcome: What it did.
        before: What the deployed image must hold first.
        after: What it must hold after the edit.
        must_build: Whether the edit calls for a build.
    """
    if outcome.before is None or outcome.after is None:
        return Verdict(f"REFUSED {'at once' if outcome.before is None else 'after the edit'}", is_right=False)
    if outcome.before != before:
        return Verdict(f"WRONG at once: {_shown(outcome.before)}", is_right=False)
    if outcome.after == GONE:
        return Verdict("BROKEN: deploys an image that is gone", is_right=False)
    if outcome.after != after:
        how = "though rebuilt" if outcome.builds else "not rebuilt"
        return Verdict(f"STALE, {how}: {_shown(outcome.after)}", is_right=False)
    if outcome.builds and not must_build:
        return Verdict(f"right, {'needless' if outcome.steps else 'cached'} build", is_right=True)
    return Verdict("right", is_right=True)


def _shown(held: object) -> str:
    text = repr(held)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def reason_of(error: str) -> str:
    """The line of an error's text that says most: the last that calls itself an error, else the last."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "")[:_LONGEST_REASON]
