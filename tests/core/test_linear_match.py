"""No pattern stops a preview: what ``re`` would try for ever is answered in time, and with the same answers."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core import linear_match
from fast_container.core.context.wildcard import compile_match
from fast_container.core.dockerfile.shell_pattern import replace_matches, trim_prefix, trim_suffix
from fast_container.core.go_path import BadPatternError
from fast_container.core.ignore.go_regexp import compile_go
from fast_container.core.ignore.rules import IgnoreRules

NAME = "a" * 240
GO_PIECES = st.sampled_from(
    ["[^/]*", "[^/]", "(.*/)?", "a", "b", "/", ".*", "[ab]", "[^a]", "a{0,2}", "b{1,}", "a{2}", "\\b", "|", "^", "$"]
)
PATHS = st.text(alphabet="ab/c\n", max_size=12)


@given(st.lists(GO_PIECES, max_size=8), PATHS)
def test_a_linear_search_finds_what_a_regular_expression_finds(pieces: list[str], path: str) -> None:
    expression = "".join(pieces)
    try:
        quick = compile_go(expression)
    except BadPatternError:
        return
    found = bool(quick.search(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_match, "_COSTLY", -1)
        assert bool(quick.search(path)) == found


@given(st.text(alphabet="*?[^a-b]/", max_size=10), st.text(alphabet="ab/c", max_size=10))
def test_a_linear_match_of_a_copy_source_is_that_of_a_regular_expression(pattern: str, path: str) -> None:
    try:
        quick = bool(compile_match(pattern)(path))
    except BadPatternError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_match, "_COSTLY", -1)
        assert bool(compile_match(pattern)(path)) == quick


@given(st.text(alphabet="*?ab", max_size=8), st.text(alphabet="abc\n", max_size=10), st.booleans())
def test_a_linear_substitution_is_that_of_a_regular_expression(pattern: str, value: str, greedy: bool) -> None:
    def answers() -> list[str]:
        return [
            trim_prefix(pattern, value, greedy=greedy),
            trim_suffix(pattern, value, greedy=greedy),
            replace_matches(pattern, value, "<$0>", every=greedy),
        ]

    quick = answers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_match, "_COSTLY", -1)
        assert answers() == quick


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: compile_match("*a*a*a*a*a*a*a*b")(NAME),
        lambda: compile_match("*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*b")(f"x/{NAME}"),
        lambda: IgnoreRules.from_patterns(["?{0,200}" * 6 + "b"]).ignores(NAME),
        lambda: IgnoreRules.from_patterns(["**/a/" * 12 + "*c/b*b"]).ignores("a/" * 60 + "c/bxb/x"),
        lambda: IgnoreRules.from_patterns(["**/a*" * 9 + "b"]).ignores("aaaa/" * 40 + "ab/x"),
        lambda: IgnoreRules.from_patterns(["a{1,1000}" * 8 + "[^b]"]).ignores(NAME + "b"),
        lambda: trim_prefix("*a*a*a*a*a*a*b", NAME * 100, greedy=False),
        lambda: trim_suffix("b*a*a*a*a*a*a*a*", NAME * 100, greedy=True),
        lambda: replace_matches("*a*a*a*a*a*a*b", NAME * 10, "x", every=True),
    ],
)
def test_a_bomb_ends_within_a_moment(bomb: object) -> None:
    started = time.process_time()
    with contextlib.suppress(BadPatternError):
        bomb()  # type: ignore[operator]
    assert time.process_time() - started < 5


def test_places_are_looked_at_where_they_are() -> None:
    steps = [linear_match.Step(lambda _: False, "place", re.compile(r"\b").match), linear_match.Step(str.isalpha)]
    assert linear_match.LinearMatcher(steps).found_in("!a")
    assert not linear_match.LinearMatcher([*steps, *steps]).found_in("ab")
