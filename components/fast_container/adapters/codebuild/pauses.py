"""How long to wait between two looks at builds.

Decides that what is noticed late is late by a twentieth of a build at most: every 2 s while a build is young or about
to end, then less often, and every 10 s of a build that has run for minutes. One call asks for all builds, so the build
that needs the next look soonest decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_SHARE: Final = 0.05
_LONGEST_S: Final = 10.0
_BACK_OFF: Final = 1.3


def pause_of(watched_s: float, first_s: float, *, ends_soon: bool) -> float:
    """Seconds until the next look at one build.

    Args:
        watched_s: How long it has been watched.
        first_s: The shortest pause.
        ends_soon: Whether it has said how it ends.
    """
    return first_s if ends_soon else max(first_s, min(watched_s * _SHARE, _LONGEST_S))


def next_pause_s(pauses: Iterable[float], first_s: float, troubles: int) -> float:
    """Seconds until the next call for all builds.

    Args:
        pauses: Each build's.
        first_s: The shortest pause.
        troubles: How many calls in a row got no answer: throttled, or the connection is lost.
    """
    bearing_s = min(first_s * _BACK_OFF**troubles, _LONGEST_S)
    return max(min(pauses, default=first_s), bearing_s)
