"""Which known name a misspelt one was probably meant to be.

Decides when two names are near enough to be named in a message. Leaves the message to who has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_NEAR = 0.7
_LISTED = 8


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is nearest in spelling; ``""`` where none is near."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=_NEAR)
    return by_lower[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question for a misspelt name, and a list of what is known where it is short; ``""`` where nothing is."""
    names = sorted(known)
    near = nearest(name, names)
    question = [f"did you mean {near!r}?"] if near else []
    listed = [f"one of: {', '.join(names)}"] if names and (not near or len(names) <= _LISTED) else []
    return " ".join(question + listed)
