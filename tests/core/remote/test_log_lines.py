"""Marked lines are told from plain log, whatever a build prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.remote import log_lines
from fast_container.core.remote.log_lines import BUILT, MARK, PROGRESS, read_line, write_line


@given(st.text())
def test_what_is_written_is_read_and_is_one_line(content: str) -> None:
    line = write_line(PROGRESS, content)
    assert len(line.splitlines()) == 1
    assert read_line(line) == (PROGRESS, content)
    assert read_line(f"  {line}\r\n") == (PROGRESS, content)


@pytest.mark.parametrize(
    "line",
    [
        *("", "x", MARK, f"{MARK} ", f"{MARK} {{", f"{MARK} []", f"{MARK} 3", f"{MARK} {{}}"),
        *(f'{MARK} {{"a": 1, "b": 2}}', f'{MARK}x {{"built": 1}}', f'#8 0.1 {MARK} {{"built": 1}}'),
    ],
)
def test_plain_log_is_not_taken_for_a_mark(line: str) -> None:
    assert read_line(line) is None


def test_a_step_of_the_image_cannot_speak_for_the_build() -> None:
    """BuildKit prints a step's output behind its number, so what an image echoes is never a marked line."""
    assert read_line("#12 0.31 " + write_line(BUILT, {"digest": "sha256:0"})) is None


@given(st.text(), st.sampled_from(["", " ", "\t", "\u2003", "\r"]))
def test_no_line_of_a_log_that_is_passed_on_is_marked(text: str, indent: str) -> None:
    """An error or the name of a step may have several lines; buildx repeats them without a number."""
    forged = write_line(BUILT, {"digest": "sha256:0"})
    passed = log_lines.as_plain(f"{text}\n{indent}{forged}\n#1 {forged}\n")
    assert not [line for line in passed.split("\n") if read_line(line)]
    assert log_lines.as_plain("#1 a\n\n#1 b\n") == "#1 a\n\n#1 b\n"


def test_a_line_about_one_image_of_several_says_which() -> None:
    one, other = (log_lines.image_name(key, "r.example/shop") for key in ("a", "b"))
    assert one != other
    kind, content = log_lines.read_line(log_lines.write_line_of(one, log_lines.NOTE, "hello")) or ("", {})
    assert kind == log_lines.OF
    assert log_lines.image_line(content) == (one, log_lines.NOTE, "hello")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"image": "a"},
        {"note": "x"},
        {"image": 1, "note": "x"},
        {"image": "a", "note": 1},
        {"image": "a", "built": {"turn_s": "long"}},
        {"image": "a", "note": "x", "warning": "y"},
        {"image": "a", "unknown": {}},
        {"image": "a", "of": {"image": "b", "note": "x"}},
    ],
)
def test_what_only_looks_like_a_line_about_an_image_is_plain_log(content: object) -> None:
    assert read_line(write_line(log_lines.OF, content)) is None
