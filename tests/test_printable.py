"""No text of others moves a terminal's cursor, forges a line or is taken for a command of a CI system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.errors import BuildFailed, ContextError
from fast_container.printable import output_lines, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("grün and 中 stay\tas they are: ::here", "grün and 中 stay\tas they are: ::here"),
        ("a\n::error::b", "a\\n::error::b"),
        ("\x1b]0;title\x07\x1b[2J", "\\x1b]0;title\\x07\\x1b[2J"),
        ("x\r\x08y\x9b2J\x7f", "x\\r\\x08y\\x9b2J\\x7f"),
        ("\u202etxt.exe\u2066", "\\u202etxt.exe\\u2066"),
        ("l\udcff\ud800", "l\\xff\\ud800"),
        ("::error title=x::y", "\\x3a:error title=x::y"),
        ("  ::add-mask::y", "  \\x3a:add-mask::y"),
        (
            "x ##[group]y ##vso[task.setvariable]z ##teamcity[q",
            "x ##\\x5bgroup]y ##vso\\x5btask.setvariable]z ##teamcity\\x5bq",
        ),
    ],
)
def test_what_is_shown_of_a_name(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_one_line_stays_one_without_control_characters(text: str) -> None:
    for line in (printable(text), printable(output_lines(text))):
        assert not {unicodedata.category(character) for character in line.replace("\t", "")} & {"Cc", "Cs", "Zl", "Zp"}
        assert line == printable(line)


def test_colours_of_build_output_are_left_out_and_lines_kept() -> None:
    assert output_lines("\x1b[31mred\x1b[0m\n\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b(B\x1bc.") == "red\nlink ."
    assert output_lines("\x1b]" * 100_000).startswith("\\x1b]")
    assert printable_lines("a\n::warning::b") == "a\n\\x3a:warning::b"


def test_an_error_s_lines_are_its_own() -> None:
    error = ContextError("No.", path="a\nwhere: b\x1b[2J", why="one\n::error::two", next_step="x")
    assert str(error) == "No.\n  where: a\\nwhere: b\\x1b[2J\n  why: one\n    \\x3a:error::two\n  next: x"
    failed = BuildFailed("No.", last_lines=["\x1b[2Jforged", "::error::x"])
    assert str(failed).splitlines()[2:] == ["    | \\x1b[2Jforged", "    | \\x3a:error::x"]
