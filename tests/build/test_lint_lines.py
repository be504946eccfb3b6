"""The findings about a Dockerfile on an image's row: how many, how often, and that they fail only what they should."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fast_container.adapters.digests.walks import open_walks
from fast_container.build.lint_lines import LintLines
from fast_container.checks.finding import Finding
from fast_container.core.declared import DeclaredImage
from fast_container.core.select import select_image
from fast_container.errors import DockerfileError
from tests.trees import write_tree

DOCKERFILE = (
    "FROM python\nCOPY . /app\nRUN pip install -r /app/requirements.txt\nRUN npm ci\n"
    "RUN find /x/site-packages -name '*.so' -exec strip {} +\n"
)


@dataclass
class Row:
    notes: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def progress(self, line: str) -> None:
        raise AssertionError(line)

    def note(self, line: str) -> None:
        self.notes.append(line)

    def warn(self, line: str) -> None:
        self.warnings.append(line)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(tmp_path / "app", {"Dockerfile": DOCKERFILE, "requirements.txt": "flask\n", "app.py": "1\n"})
    monkeypatch.chdir(tmp_path / "app")
    return tmp_path / "app"


def image(place: Path, lint: str = "warning") -> Any:
    selected = select_image(DeclaredImage("a", str(place), str(place / "Dockerfile"), "Dockerfile"), open_walks(None))
    return SimpleNamespace(lint=lint, selected=selected, row=Row())


def lines(marks: Path) -> LintLines:
    async def at_once(work: Callable[[], list[Finding]]) -> list[Finding]:
        return work()

    return LintLines(marks, at_once)


def show(found: LintLines, one: Any, *, in_preview: bool = True) -> Row:
    asyncio.run(found.show(one.selected, "anywhere", one.lint, one.row, in_preview=in_preview))
    return one.row


def test_the_worst_come_first_one_line_each_and_the_rest_is_counted(place: Path) -> None:
    row = show(lines(place.parent / "marks"), image(place))
    assert [line.partition(":")[0] for line in row.warnings] == ["FI013"]
    assert row.warnings[0].endswith("(Dockerfile:5)")
    assert len(row.notes) == 3
    assert row.notes[-1] == "4 more findings: fast-container lint --plan fast-container.plan.json"
    assert not any("\n" in line or "FI018" in line for line in row.notes)


def test_up_does_not_repeat_what_its_preview_has_shown(place: Path) -> None:
    def rows(*previews: bool) -> list[int]:
        return [len(show(lines(place.parent / "marks"), image(place), in_preview=one).notes) for one in previews]

    assert rows(True, False) == [3, 0]
    assert rows(False) == [3]
    assert rows(True, True, False, False) == [3, 3, 0, 3]


def test_off_shows_nothing(place: Path) -> None:
    assert show(lines(place.parent / "marks"), image(place, "off")) == Row()


@pytest.mark.parametrize("in_preview", [True, False])
def test_error_fails_the_image_and_says_how_to_mend_it(place: Path, in_preview: bool) -> None:
    with pytest.raises(DockerfileError) as caught:
        show(lines(place.parent / "marks"), image(place, "error"), in_preview=in_preview)
    assert 'and lint="error"' in caught.value.what
    assert "FI013" in caught.value.why
    assert "lint --fix" in caught.value.next_step


@pytest.mark.parametrize("lint", ["warning", "error"])
def test_advice_alone_and_what_is_waived_are_not_shown(place: Path, lint: str) -> None:
    (place / "Dockerfile").write_text(
        "FROM debian:13\nRUN apt-get update && apt-get install -y curl\n"
        "# fast-container: skip=FI004,FI005 it is small\nRUN pip install flask\n"
    )
    assert show(lines(place.parent / "marks"), image(place, lint)) == Row()


@pytest.mark.parametrize("lint", ["warning", "error"])
def test_a_fault_of_the_rules_fails_nothing(place: Path, lint: str) -> None:
    (place / "pyproject.toml").write_text("[")
    row = show(lines(place.parent / "marks"), image(place, lint))
    assert row.notes == []
    (line,) = row.warnings
    assert "could not be looked at" in line


def test_a_folder_of_marks_that_cannot_be_made_fails_nothing(place: Path) -> None:
    (place / "file").write_text("")
    assert len(show(lines(place / "file" / "marks"), image(place)).notes) == 3


def test_an_image_takes_few_milliseconds(place: Path) -> None:
    one, found = image(place), lines(place.parent / "marks")
    show(found, one)
    started = time.process_time()
    for _ in range(20):
        show(found, one)
    assert (time.process_time() - started) / 20 < 0.02
