"""How often builds are looked at: what is noticed late is late by a twentieth at most."""

from __future__ import annotations

import pytest

from fast_container.adapters.codebuild.pauses import next_pause_s, pause_of


@pytest.mark.parametrize(
    ("watched_s", "ends_soon", "pause_s"),
    [(0, False, 2.0), (40, False, 2.0), (100, False, 5.0), (3600, False, 10.0), (3600, True, 2.0)],
)
def test_a_build_is_looked_at_less_often_the_longer_it_runs_until_it_has_said_how_it_ends(
    watched_s: float, ends_soon: bool, pause_s: float
) -> None:
    assert pause_of(watched_s, 2.0, ends_soon=ends_soon) == pause_s


@pytest.mark.parametrize("length_s", [20, 45, 90, 180, 400])
def test_an_end_is_noticed_late_by_a_twentieth_or_two_seconds_at_most(length_s: float) -> None:
    looked_s = 0.0
    while looked_s < length_s:
        looked_s += pause_of(looked_s, 2.0, ends_soon=False)
    assert looked_s - length_s <= max(2.0, length_s * 0.05 + 0.1)


def test_an_hour_of_one_build_takes_some_four_hundred_calls() -> None:
    looked_s, calls = 0.0, 0
    while looked_s < 3600:
        looked_s += pause_of(looked_s, 2.0, ends_soon=False)
        calls += 1
    assert calls < 420


def test_the_build_that_needs_the_next_look_soonest_decides() -> None:
    assert next_pause_s([10.0, 2.0, 5.0], 2.0, troubles=0) == 2.0


def test_a_service_that_throttles_is_asked_less_and_less_often_whatever_the_builds_need() -> None:
    assert [round(next_pause_s([2.0], 2.0, troubles=count), 1) for count in (0, 1, 2, 20)] == [2.0, 2.6, 3.4, 10.0]
