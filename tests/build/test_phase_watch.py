"""How the phases of one image are measured."""

from __future__ import annotations

import pytest

from fast_container.build.phase_watch import PhaseWatch
from fast_container.core.records.phases import PhaseSeconds


class Clock:
    def __init__(self) -> None:
        self.time_s = 0.0

    def monotonic(self) -> float:
        return self.time_s

    def now(self) -> float:
        return self.time_s


def test_a_phase_that_comes_twice_is_added_up() -> None:
    clock = Clock()
    watch = PhaseWatch(clock)
    for _ in range(2):
        with watch.phase("checking"):
            clock.time_s += 1.5
    assert watch.phases == PhaseSeconds(checking=3.0)


def test_a_phase_that_ends_with_an_error_counts() -> None:
    clock = Clock()
    watch = PhaseWatch(clock)
    with pytest.raises(ValueError, match="x"), watch.phase("tagging"):
        clock.time_s += 1.0
        raise ValueError("x")
    assert watch.phases.tagging == 1.0
