"""Measures the phases of one image.

Decides that a phase's time is added up where it comes several times. Leaves which phases there are to
``core.records``.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fast_container.core.ports import Clock
from fast_container.core.records.phases import PhaseSeconds


@dataclass(slots=True)
class PhaseWatch:
    """A stopwatch with phases.

    Attributes:
        clock: For durations.
    """

    clock: Clock
    _spent_s: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Add the time of the block to a phase, also when it ends with an error."""
        start_s = self.clock.monotonic()
        try:
            yield
        finally:
            self._spent_s[name] = self._spent_s.get(name, 0.0) + self.clock.monotonic() - start_s

    @property
    def phases(self) -> PhaseSeconds:
        """Seconds of each phase so far."""
        return PhaseSeconds(**{name: round(spent_s, 3) for name, spent_s in self._spent_s.items()})
