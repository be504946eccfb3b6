"""What is said of a side that deploys the wrong thing, refuses, or builds without need."""

from __future__ import annotations

import pytest

from bench.peers.verdict import GONE, Outcome, judge, reason_of


@pytest.mark.parametrize(
    ("outcome", "text", "is_right"),
    [
        (Outcome("one", "two", builds=1), "right", True),
        (Outcome("one", "one", builds=0), "STALE, not rebuilt: 'one'", False),
        (Outcome("one", "one", builds=1), "STALE, though rebuilt: 'one'", False),
        (Outcome("none", "two", builds=1), "WRONG at once: 'none'", False),
        (Outcome(refusal="no"), "REFUSED at once", False),
        (Outcome("one", refusal="no"), "REFUSED after the edit", False),
        (Outcome("one", GONE, builds=0), "BROKEN: deploys an image that is gone", False),
    ],
)
def test_an_edit_that_calls_for_a_build(outcome: Outcome, text: str, is_right: bool) -> None:
    verdict = judge(outcome, "one", "two", must_build=True)
    assert (verdict.text, verdict.is_right) == (text, is_right)


def test_a_build_without_need_is_right_and_said() -> None:
    needless, cached = Outcome("one", "one", builds=1, steps=2), Outcome("one", "one", builds=1)
    assert judge(needless, "one", "one", must_build=False).text == "right, needless build"
    assert judge(cached, "one", "one", must_build=False).text == "right, cached build"
    assert judge(Outcome("one", "one", builds=0), "one", "one", must_build=False).text == "right"


def test_what_is_deployed_is_shortened_for_the_table() -> None:
    assert len(judge(Outcome("one", 300 * "x"), "one", "two", must_build=True).text) < 80


def test_an_error_is_told_by_the_line_that_calls_itself_one() -> None:
    assert reason_of("began\nerror: no such file\nDuration: 2s\n\n") == "error: no such file"
    assert reason_of("began\nended\n") == "ended"
    assert reason_of("") == ""
