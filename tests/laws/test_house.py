"""The plan of the house: the map in the package's docstring names every room, and every room says what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "components" / "fast_container"


def rooms() -> list[str]:
    """Every package of the library, as the map names it."""
    found = [place.parent.relative_to(PACKAGE) for place in PACKAGE.rglob("__init__.py")]
    return sorted(".".join(place.parts) for place in found if place.parts)


def docstring(room: str) -> str:
    source = PACKAGE.joinpath(*room.split("."), "__init__.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


@pytest.mark.parametrize("room", rooms())
def test_the_map_names_the_room(room: str) -> None:
    assert f"``{room}``" in docstring("")


@pytest.mark.parametrize("room", rooms())
def test_the_room_says_what_it_is_for(room: str) -> None:
    assert len(docstring(room)) > 40


def test_what_the_map_names_is_there() -> None:
    words = [part for part in docstring("").split("``")[1::2] if part.replace(".", "").replace("_", "").islower()]
    for word in words:
        place = PACKAGE.joinpath(*word.split("."))
        assert place.is_dir() or place.with_suffix(".py").is_file(), word


@pytest.mark.parametrize("room", [room for room in rooms() if room != "cli"])
def test_a_room_has_at_most_two_dozen_files(room: str) -> None:
    assert len(list(PACKAGE.joinpath(*room.split(".")).glob("*.py"))) <= 24
