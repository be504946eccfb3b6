"""COPY's wildcards are Go's ``path.Match``: its own documented cases, and what differs from other globs."""

from __future__ import annotations

import pytest

from fast_container.core.context.wildcard import Descent, compile_match, has_wildcard, split_fixed
from fast_container.core.go_path import BadPatternError


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        # From Go's path/match_test.go.
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "a", True),
        ("a*", "abc", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", False),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^b-d]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a?b", "a☺b", True),
        ("a[^a]b", "a☺b", True),
        ("a???b", "a☺b", False),
        ("[a-ζ]*", "α", True),
        ("*[a-ζ]", "A", False),
        ("a?b", "a/b", False),
        ("a*b", "a/b", False),
        ("[\\]a]", "]", True),
        ("[\\-]", "-", True),
        ("[x\\-]", "x", True),
        ("[x\\-]", "-", True),
        ("[x\\-]", "z", False),
        ("[\\-x]", "a", False),
        ("*x", "xxx", True),
        # A class may be a slash, a leading dot is nothing special, "!" does not negate, a line end is a character.
        ("a[^b]c", "a/c", True),
        ("*", ".hidden", True),
        ("[!a]", "a", True),
        ("*", "a\nb", True),
        ("a", "a\n", False),
        ("?", "\udcff", True),
        ("[z-a]", "a", False),
        ("**", "a/b", False),
    ],
)
def test_a_pattern_matches_as_in_go(pattern: str, name: str, matches: bool) -> None:
    assert bool(compile_match(pattern)(name)) == matches


@pytest.mark.parametrize("pattern", ["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "a[b", "a\\"])
def test_a_pattern_that_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        compile_match(pattern)


def test_the_fixed_part_ends_before_the_first_wildcard() -> None:
    assert split_fixed("a/b/*.c/d") == ("a/b", "*.c/d")
    assert split_fixed("*.c") == ("", "*.c")
    assert split_fixed("a/b") == ("a/b", "")
    assert not has_wildcard("a\\*b")


def test_a_descent_enters_no_directory_in_vain() -> None:
    descent = Descent("s*/b")
    assert descent.enters(0, "src")
    assert not descent.enters(0, "lib")
    assert not descent.enters(1, "b")
    assert Descent("a[^b]c").enters(0, "a")
