"""The plan of the house: the map in the package's docstring names every room, and every room says what it is for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

# Files, commands, a function and values of arguments, in the docstrings of rooms.
NO_MODULES = {"images.lock", "locked", "pyproject.toml", "read.read_dockerfile", "resolve", "runs_on", "up", "uv.lock"}
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


@pytest.mark.parametrize("room", rooms())
def test_a_room_has_at_most_two_dozen_files(room: str) -> None:
    assert len(list(PACKAGE.joinpath(*room.split(".")).glob("*.py"))) <= 24


@pytest.mark.parametrize("room", [room for room in rooms() if room != "certify.program"])
def test_the_room_names_each_of_its_modules(room: str) -> None:
    """In the order in which they are read; a module that its room does not mention is not found."""
    modules = {place.stem for place in PACKAGE.joinpath(*room.split(".")).glob("*.py")} - {"__init__", "__main__"}
    unnamed = sorted(module for module in modules if f"``{module}``" not in docstring(room))
    assert not unnamed, f"{room}/__init__.py does not say what these are for: {', '.join(unnamed)}"


@pytest.mark.parametrize("room", rooms())
def test_what_a_room_names_is_there(room: str) -> None:
    """Modules by their own name, and rooms by their place in the library."""
    here = PACKAGE.joinpath(*room.split("."))
    for word in re.findall(r"``([a-z_]+(?:\.[a-z_]+)*)``", docstring(room)):
        places = [PACKAGE.joinpath(*word.split(".")), here.joinpath(*word.split("."))]
        there = any(place.is_dir() or place.with_suffix(".py").is_file() for place in places)
        assert there or word in NO_MODULES, f"{room}/__init__.py: {word}"


@pytest.mark.parametrize("module", sorted(place.stem for place in PACKAGE.glob("*.py") if place.stem != "__init__"))
def test_the_map_names_the_modules_beside_the_rooms(module: str) -> None:
    assert f"``{module}``" in docstring("")


def test_nothing_waits_for_a_thread_of_the_event_loops_own_pool() -> None:
    """In a Pulumi program its threads are all taken while hooks run (``adapters.threads``), so a hook would hang."""
    asking = re.compile(r"\bawait asyncio\.to_thread\(|run_in_executor\(\s*None\b")
    modules = [path for path in PACKAGE.rglob("*.py") if "remote" not in path.parts]  # no Pulumi runs there
    found = [str(path) for path in modules if asking.search(path.read_text(encoding="utf-8"))]
    assert found == []
