"""The system's clock, for the composition roots."""

from __future__ import annotations

import time


class SystemClock:
    """Satisfies ``core.ports.Clock``."""

    def monotonic(self) -> float:
        """Seconds, for durations."""
        return time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()
