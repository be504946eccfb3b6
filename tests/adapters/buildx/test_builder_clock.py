"""A build whose files would be dated by a clock that BuildKit does not have is begun again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fast_container.adapters.buildx.builder_clock import BuilderClock, ClockDiffers


class Clock:
    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def told(seconds: float) -> str:
    """As BuildKit says it: nanoseconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"


@pytest.mark.parametrize("builder_s", [1000.0, 1000.3, 1012.0, 1012.9, 999.1])
def test_a_builder_that_began_between_start_and_hearing_of_it_has_the_same_clock(builder_s: float) -> None:
    # 12 s: a builder that had to be started first.
    clock = Clock(1000.0)
    check = BuilderClock(clock, 0.0).check
    clock.now_s = 1012.0
    check(told(builder_s))


@pytest.mark.parametrize(("builder_s", "ahead_s"), [(1060.5, 60.0), (1000.5 - 3600, -3600.0)])
def test_a_clock_that_is_off_is_told_and_then_it_fits(builder_s: float, ahead_s: float) -> None:
    clock = Clock(1000.0)
    check = BuilderClock(clock, 0.0).check
    clock.now_s = 1000.5
    with pytest.raises(ClockDiffers) as caught:
        check(told(builder_s))
    assert caught.value.ahead_s == pytest.approx(ahead_s, abs=0.001)
    BuilderClock(clock, caught.value.ahead_s).check(told(clock.now_s + caught.value.ahead_s + 0.2))


def test_a_time_that_cannot_be_read_is_no_reason_to_begin_again() -> None:
    BuilderClock(Clock(1000.0), 0.0).check("yesterday")
