"""The bench's own arithmetic and tables; nothing here measures time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measuring import Series, difference, in_turns, number, ratio
from bench.rivals import floor, whole_context_hash
from bench.table import Table, Target
from bench.tree import make_tree
from fast_container.core.ignore.rules import IgnoreRules


def test_sides_are_measured_in_turns_and_none_always_comes_first() -> None:
    order: list[str] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    found = in_turns({"a": lambda: side("a", 1.0), "b": lambda: side("b", 2.0)}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert found == {"a": Series((1.0, 1.0, 1.0)), "b": Series((2.0, 2.0, 2.0))}


def test_a_ratio_is_the_median_over_rounds_that_were_measured_together() -> None:
    # The second round met a busy machine, on both sides.
    assert ratio(Series((2.0, 20.0, 3.0)), Series((1.0, 10.0, 1.0))) == 2.0


def test_a_difference_is_taken_round_by_round() -> None:
    assert difference(Series((3.0, 9.0)), Series((1.0, 8.0))) == Series((2.0, 1.0))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00"), (0.0123, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1,234")]
)
def test_numbers_have_about_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_series_tells_median_and_range_in_its_unit() -> None:
    assert Series((0.3, 0.1, 0.2)).text("ms") == "200 (100-300)"
    assert Series((1.5,)).text() == "1.50"


def test_targets_say_whether_they_are_met() -> None:
    assert Target("warm", 2.0, "most", 3.0).text() == "met    warm: 2.00x (at most 3.00x)"
    assert Target("skip", 40.0, "least", 50.0, "s").text() == "MISSED skip: 40.0 s (at least 50.0 s)"


def test_columns_of_a_table_are_aligned_numbers_to_the_right() -> None:
    drawn = Table("t", ["against nothing"], ["name", "s"], [["long name", "1"], ["n", "10.5"]]).draw()
    assert drawn.splitlines() == [
        "== t",
        "  against nothing",
        "",
        "name          s",
        "---------  ----",
        "long name     1",
        "n          10.5",
    ]


def test_a_tree_is_the_same_every_time_and_the_rivals_see_what_counts_of_it(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert make_tree(one, 130) == make_tree(other, 130)
    rules = IgnoreRules.parse((one / ".dockerignore").read_bytes(), file=".dockerignore")
    before = whole_context_hash(str(one), rules)
    assert before == whole_context_hash(str(other), rules)
    assert floor(str(one), frozenset({"node_modules"}), read=True) == 131
    next(other.rglob("node_modules")).joinpath("more.js").write_text("ignored")
    assert whole_context_hash(str(other), rules) == before
    next(other.rglob("module_00001.py")).write_text("changed")
    assert whole_context_hash(str(other), rules) != before
