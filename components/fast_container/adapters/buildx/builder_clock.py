"""How far the clock of a BuildKit is ahead of this machine's.

Staged files are dated by this machine, and make and similar tools compare them with outputs dated by the builder's
clock. A virtual machine that slept, or a remote builder without time service, may be minutes off: then an edit looks
older than the output of the previous build, which is shipped, or files come from the future, and ``configure`` fails.

Decides when a clock is off: the first step that BuildKit began must have begun after this machine started the build and
before this machine heard of it. A clock that fits that within a second is right, since a build and the next one's
staging are further apart. Leaves dating anew to ``adapters.buildx.executor``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

TOLERANCE_S: Final = 1.0


class ClockDiffers(Exception):  # noqa: N818 - an event: the build is begun again
    """The builder's clock is not the one that dated the staged files.

    Args:
        ahead_s: How far it is ahead at least; never so much that files come from its future.
    """

    def __init__(self, ahead_s: float) -> None:
        super().__init__(ahead_s)
        self.ahead_s = ahead_s


class BuilderClock:
    """Compares the builder's clock with the one that dated the files of one build.

    Args:
        now: Seconds since the epoch, here.
        ahead_s: How far the builder's clock was assumed to be ahead.
    """

    def __init__(self, now: Callable[[], float], ahead_s: float) -> None:
        self._now = now
        self._ahead_s = ahead_s
        self._began_s = now()

    def check(self, began: str) -> None:
        """Check the time at which BuildKit says that the build's first step began.

        Raises:
            ClockDiffers: It cannot be right.
        """
        try:
            builder_s = datetime.fromisoformat(began).timestamp()
        except ValueError:
            return  # Unreadable, but no reason to refuse a build: files are dated by this machine's clock.
        least_s, most_s = builder_s - self._now(), builder_s - self._began_s
        if not least_s - TOLERANCE_S <= self._ahead_s <= most_s + TOLERANCE_S:
            raise ClockDiffers(least_s)
