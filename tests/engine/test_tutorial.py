"""The tutorial, word for word: its files are written in its order, and each `pulumi up` does what the page says."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```', re.DOTALL | re.MULTILINE)
_SECTION = re.compile(r"^## (\d)\. ", re.MULTILINE)


def files(*numbers: int) -> list[tuple[str, str]]:
    """The files that sections of the page give: place and text."""
    _, *parts = _SECTION.split(PAGE.read_text(encoding="utf-8"))
    sections = dict(zip(map(int, parts[::2]), parts[1::2], strict=True))
    return [block for number in numbers for block in _BLOCK.findall(sections[number])]


class Tutorial:
    def __init__(self, stacks: Stacks) -> None:
        given = dict(files(1, 2, 3, 4))
        assert given.pop("Pulumi.yaml")
        # Other modules have repositories of these names.
        program = given.pop("__main__.py").replace('"shop/', f'"{stacks.prefix}/shop/')
        self.stack: EngineStack = stacks(program)
        for place, text in given.items():
            self.stack.file(place, text)

    @cached_property
    def deployed(self) -> Run:
        return self.stack.up()

    @cached_property
    def handler_edited(self) -> Run:
        assert self.deployed
        return self._after(6)

    @cached_property
    def dependency_added(self) -> Run:
        assert self.handler_edited
        return self._after(7)

    def _after(self, section: int) -> Run:
        for place, text in files(section):
            self.stack.file(place, text)
        return self.stack.up()


@pytest.fixture(scope="module")
def tutorial(stacks: Stacks) -> Tutorial:
    return Tutorial(stacks)


def test_the_first_up_builds_the_base_and_both_images_and_makes_the_functions(tutorial: Tutorial) -> None:
    run = tutorial.deployed
    assert run.builds == 3
    assert {name for name, step in run.steps.items() if step == "create"} >= {"orders", "search", "deps-build"}
    said = run.messages("info")
    assert not [
        line for line in said if line.startswith(("FI0", "BuildKit: "))
    ]  # nothing that a reader would have to mend
    assert any(re.fullmatch(r"3 images in .* s: 3 built", line.strip()) for line in said)


def test_an_edited_handler_builds_its_image_and_updates_its_function_alone(tutorial: Tutorial) -> None:
    run = tutorial.handler_edited
    assert run.builds == 1
    assert set(run.steps) == {"fns-search-build", "search"}
    assert any("1 file changed (lambdas/search/handler.py)" in line for line in run.messages("info"))


def test_an_added_dependency_builds_the_base_and_what_starts_from_it(tutorial: Tutorial) -> None:
    run = tutorial.dependency_added
    assert run.builds == 3
    assert {"deps-build", "fns-orders-build", "fns-search-build", "orders", "search"} == set(run.steps)
