"""The picture in the README is what a terminal showed, drawn from its recording."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any
from xml.etree import ElementTree

import pytest

from docs.draw_run import PICTURE, RECORDING, Screen, draw, page, shown
from docs.record_run import FILES

RECORDED: dict[str, Any] = json.loads(RECORDING.read_text(encoding="utf-8"))


def text_of(lines: list[Any]) -> list[str]:
    return ["".join(cell.character for cell in line).rstrip() for line in lines]


def test_the_picture_is_drawn_from_the_recording() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(RECORDED)


def test_the_picture_is_well_formed_and_says_in_words_what_it_shows() -> None:
    picture = ElementTree.fromstring(PICTURE.read_text(encoding="utf-8"))
    assert picture.get("aria-label") == RECORDED["says"]
    assert "prefers-color-scheme:dark" in PICTURE.read_text(encoding="utf-8")


def test_the_recording_shows_what_the_readme_says_of_it() -> None:
    first, second, edit, third = (text_of(shown(run["chunks"])) for run in RECORDED["runs"])
    assert "    + 9 created" in first
    assert any(line.strip().startswith("built in ") for line in first)
    assert "    9 unchanged" in second
    assert not any("built" in line for line in second)
    assert edit == []
    assert "    building: 1 file changed (api/handler.py)" in third


def test_the_recording_holds_nothing_of_the_machine_it_was_made_on() -> None:
    written = "\n".join(text_of(page(RECORDED))) + "".join(
        text for run in RECORDED["runs"] for _, text in run["chunks"]
    )
    assert not re.search(r"/(?:tmp|root|home|work|Users)/|\d+\.\d+\.\d+\.\d+|localhost|:\d{4,5}\b", written)


def test_the_recording_is_of_the_files_that_getting_started_shows() -> None:
    page = (PICTURE.parents[1] / "getting-started.md").read_text(encoding="utf-8")
    shown_there = [textwrap.dedent(block) for block in re.findall(r"^ *```\w+\n(.*?)^ *```", page, re.DOTALL | re.M)]
    assert set(FILES.values()) <= set(shown_there)


def test_a_line_that_is_written_over_is_shown_as_it_is_in_the_end() -> None:
    screen = Screen()
    screen.write("one\r\ntwo, long\r\n\x1b[1Anew\x1b[K\r\n\x1b[38;5;2mgreen\x1b[0m")
    assert text_of(screen.lines) == ["one", "new", "green"]
    assert screen.lines[2][0].look == {"green"}


def test_a_sequence_that_is_not_known_is_an_error_and_not_passed_over() -> None:
    with pytest.raises(ValueError, match="not known here"):
        Screen().write("\x1b[2S")
