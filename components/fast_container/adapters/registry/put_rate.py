"""How often manifests and tags may be put into one registry.

Decides when the next put's turn is. ECR allows ten PutImage a second for an account and region, BuildKit's own pushes
among them. AWS's APIs save up what is not used, for some time that ECR does not publish: two seconds are taken here, so
that the tags of twenty images go at once, and nothing is taken for saved up after the registry has throttled.
``adapters.registry.http_transport`` waits and repeats what is refused nevertheless. Blocking: callers use a thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

ECR_PER_S: Final = 10.0
_SAVED_S: Final = 2.0
# What belongs to an image leaves as much for images.
_SPARED_S: Final = 1.0


class PutRate:
    """Turns, evenly spaced after those that were saved up are used; safe for use by many threads.

    Args:
        per_s: Turns a second.
        now_s: Seconds, for durations.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        per_s: float = ECR_PER_S,
        *,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pause_s = 1.0 / per_s
        self._now_s = now_s
        self._sleep = sleep
        # The time at which all turns given so far would have been used at an even pace.
        self._taken_until_s = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            now_s = self._now_s()
            self._taken_until_s = max(self._taken_until_s, now_s) + self._pause_s
            wait_s = self._taken_until_s - now_s - _SAVED_S
        if wait_s > 0:
            self._sleep(wait_s)

    def wait_for_spare(self, given_up: threading.Event) -> bool:
        """Return whether there was a turn that no image needs, before it was given up: images always go first."""
        while not given_up.is_set():
            with self._lock:
                now_s = self._now_s()
                if self._taken_until_s <= now_s + _SAVED_S - _SPARED_S:
                    self._taken_until_s = max(self._taken_until_s, now_s) + self._pause_s
                    return True
            given_up.wait(self._pause_s / 2)
        return False

    def throttled(self) -> None:
        """Note that the registry refuses more for now: nothing is saved up any more."""
        with self._lock:
            self._taken_until_s = max(self._taken_until_s, self._now_s() + _SAVED_S)
