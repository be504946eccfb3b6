"""Waivers: which instruction a comment speaks of, how long, and what is wrong with one."""

from __future__ import annotations

from datetime import date

import pytest

from fast_container.checks.dockerfile.lint import lint_images
from fast_container.checks.dockerfile.settings import waivers_of_settings
from fast_container.errors import ArgsError
from tests.checks.dockerfile.linting import image

TODAY = date(2027, 1, 1)
HEAD = "FROM python:3.12-slim\nUSER 1\n"


def found(dockerfile: str, settings: str = "") -> list[tuple[str, int]]:
    waivers = waivers_of_settings(settings, "pyproject.toml")
    return [(one.rule, one.line) for one in lint_images([image(dockerfile)], waivers=waivers, today=TODAY)]


@pytest.mark.parametrize(
    "dockerfile",
    [
        f"{HEAD}# fast-container: skip=FI004,FI005 it is tiny\nRUN pip install x\n",
        f"{HEAD}# fast-container: skip=FI004,FI005 until=2027-01-01 tiny\n\n# another comment\nRUN pip install x\n",
        f"{HEAD}RUN true && \\\n# fast-container: skip=FI004,FI005 it is tiny\n  pip install x\n",
        f"{HEAD}RUN pip install x # fast-container: skip=FI004,FI005 it is tiny\n",
    ],
)
def test_a_comment_above_or_in_an_instruction_waives_its_findings(dockerfile: str) -> None:
    assert found(dockerfile) == []


def test_a_comment_waives_nothing_of_the_next_instruction_but_one() -> None:
    dockerfile = f"{HEAD}# fast-container: skip=FI004,FI005 it is tiny\nRUN pip install x\nRUN pip install y\n"
    assert found(dockerfile) == [("FI004", 5), ("FI005", 5)]


def test_a_waiver_that_has_expired_is_a_finding_and_waives_nothing() -> None:
    dockerfile = f"{HEAD}# fast-container: skip=FI004,FI005 until=2026-12-31 it is tiny\nRUN pip install x\n"
    assert found(dockerfile) == [("FI090", 3), ("FI004", 4), ("FI005", 4)]


def test_a_waiver_without_a_reason_is_a_finding() -> None:
    assert found(f"{HEAD}# fast-container: skip=FI004,FI005\nRUN pip install x\n") == [("FI090", 3)]


@pytest.mark.parametrize(
    "words", ["skip=FI999 because", "skip= because", "ignore=FI004", "skip=FI004 until=soon because"]
)
def test_a_waiver_that_cannot_be_read_is_a_finding_and_waives_nothing(words: str) -> None:
    rules = [rule for rule, _ in found(f"{HEAD}# fast-container: {words}\nRUN pip install x\n")]
    assert rules == ["FI090", "FI004", "FI005"]


def skip(**entry: str) -> str:
    return "[[tool.fast-container.lint.skip]]\n" + "".join(f"{key} = {value}\n" for key, value in entry.items())


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        (skip(rules='["FI004", "FI005"]', reason='"x"'), []),
        (skip(rule='"FI004"', reason='"x"', until="2027-03-01"), ["FI005"]),
        (skip(rule='"FI004"', reason='"x"', until="2026-03-01"), ["FI004", "FI005", "FI090"]),
        (skip(rule='"FI004"', reason='"x"', until='"never"'), ["FI004", "FI005", "FI090"]),
        (skip(rule='"FI004"', file='"app/*"'), ["FI005", "FI090"]),
        (skip(rule='"FI004"', file='"other/*"', reason='"x"'), ["FI004", "FI005"]),
        (skip(rule='"FI004"', reason='"x"', line="3"), ["FI004", "FI005", "FI090"]),
        ("[tool.other]\n", ["FI004", "FI005"]),
    ],
)
def test_waivers_of_the_settings(settings: str, rules: list[str]) -> None:
    assert [rule for rule, _ in found(f"{HEAD}RUN pip install x\n", settings)] == rules


@pytest.mark.parametrize("text", ["[", "[tool.fast-container]\nlint = 1\n", "[tool.fast-container.lint]\nskp = []\n"])
def test_settings_that_cannot_be_read_are_an_error(text: str) -> None:
    with pytest.raises(ArgsError):
        waivers_of_settings(text, "pyproject.toml")
