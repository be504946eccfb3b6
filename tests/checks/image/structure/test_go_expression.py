"""Patterns find in Python what they find in Go; what Go refuses is refused."""

from __future__ import annotations

import pytest

from fast_container.checks.image.structure.go_expression import NotAnExpressionError, compile_go


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("a.c", "xabcx", True),
        ("^b", "a\nb", False),
        ("(?m)^b$", "a\nb\nc", True),
        ("a$", "a\n", False),
        ("a\\z", "a", True),
        ("\\d+", "٣", False),
        ("[[:alpha:]]+[[:digit:]]", "x7", True),
        ("[^[:space:]]", " \t", False),
        ("[]a]", "]", True),
        ("[a\\]]", "]", True),
        ("[a&&b]", "&", True),
        ("\\Qa.b\\E+", "a.bb", True),
        ("\\Qa.b", "axb", False),
        ("x(?i)AB|CD", "cd", True),
        ("x(?i)AB|CD", "ab", False),
        ("(?i)ab(c)", "ABC", True),
        ("(?s)a.b", "a\nb", True),
        ("a.b", "a\nb", False),
        ("((?i)a)b", "AB", False),
        ("((?i)a)b", "Ab", True),
        ("(?P<n>a)(?<m>b)", "ab", True),
        ("\\x{e9}", "é", True),
        ("a{,2}", "a{,2}", True),
        ("a{2}?", "aa", True),
        ("", "", True),
    ],
)
def test_a_pattern_finds_what_it_finds_in_go(pattern: str, text: str, is_found: bool) -> None:
    assert (compile_go(pattern).search(text) is not None) is is_found


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?<=a)b", "(a)\\1", "\\pL", "a**", "a++", "a{2}+", "(", ")", "[a", "\\", "(?U)a+", "a" * 30_000, "\\Z"],
)
def test_what_go_refuses_or_python_cannot_say_is_refused(pattern: str) -> None:
    with pytest.raises(NotAnExpressionError):
        compile_go(pattern)
