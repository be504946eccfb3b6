"""The twenty questions of CONTRIBUTING.md: each answer is there, and it is the map's first word on the matter."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "components" / "fast_container"
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAP = " ".join((ast.get_docstring(ast.parse((LIBRARY / "__init__.py").read_text(encoding="utf-8"))) or "").split())


def questions() -> list[tuple[str, str, str, str]]:
    """Question, the map's line, the room, and the module in it (or "")."""
    table = PAGE.partition("| a newcomer asks |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    return [(asked, line.replace("`", "``"), room.strip("`"), module.strip("`")) for asked, line, room, module in rows]


def test_there_are_twenty_questions() -> None:
    assert len(questions()) == len({asked for asked, *_ in questions()}) == 20


@pytest.mark.parametrize(("asked", "line", "room", "module"), questions())
def test_the_maps_first_word_on_the_matter_is_the_answer(asked: str, line: str, room: str, module: str) -> None:
    assert MAP.count(f"- {line}") == 1, f"{asked}: the map has no such line"
    _, _, after = MAP.partition(f"- {line}")
    said = re.match(r"[^`]*?``([a-z_.]+)``", after)
    assert said, f"{asked}: the map answers nothing"
    assert said[1] == room


@pytest.mark.parametrize(("asked", "line", "room", "module"), questions())
def test_the_answer_is_there(asked: str, line: str, room: str, module: str) -> None:
    place = LIBRARY.joinpath(*room.split("."))
    if module:
        assert (place / module).is_file(), asked
        assert f"``{module.removesuffix('.py')}``" in (place / "__init__.py").read_text(encoding="utf-8")
    else:
        assert place.is_dir() or place.with_suffix(".py").is_file(), asked


def test_files_that_the_page_names_are_there() -> None:
    for named in re.findall(r"`([a-z_/]+\.py)`", PAGE.partition("## Twenty questions")[0]):
        assert (ROOT / named).is_file() or (LIBRARY / named).is_file(), named
