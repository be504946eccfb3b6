"""``--help`` of each command has an example that can be read, and lists the exit codes that it can end with."""

from __future__ import annotations

import re
import shlex

import pytest

from fast_container.cli.arguments.all_verbs import parse, verb_lines

CODES = {
    "certify": {"0", "1", "2"},
    "check-image": {"0", "1", "2"},
    "doctor": {"0", "1", "2"},
    "gc": {"0", "1", "2", "130"},
    "init-ignore": {"0", "1", "2"},
    "lint": {"0", "1", "2"},
    "migrate": {"0", "1", "2"},
    "plan": {"0", "2", "3"},
    "promote": {"0", "1", "2", "130"},
    "wait": {"0", "1", "2"},
    "warm": {"0", "1", "2", "130"},
}
"""Verbs that have more than success and bad input."""


def help_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        parse([*arguments, "--help"])
    assert end.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", sorted(verb_lines()))
def test_help_lists_the_exit_codes_that_there_are(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, listed = help_of([command], capsys).partition("Exit codes: ")
    listed = re.sub(r"`[^`]*`", "", listed)
    assert set(re.findall(r"\b\d+\b", listed)) == CODES.get(command, {"0", "2"})


@pytest.mark.parametrize("command", sorted(verb_lines()))
def test_help_has_an_example_which_the_command_itself_can_read(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # One line each, so that no word of the example is cut.
    monkeypatch.setenv("COLUMNS", "400")
    _, _, said = help_of([command], capsys).partition("Example: ")
    found = re.search(r"fast-container (.*?)\.? Exit codes:", said)
    assert found is not None, said
    words = shlex.split(found[1].removesuffix(')"'))
    assert words[0] == command
    assert parse(words).run


def test_each_command_is_known_here(capsys: pytest.CaptureFixture[str]) -> None:
    listed = help_of([], capsys)
    for command in verb_lines():
        assert f" {command} " in listed
    assert CODES.keys() <= verb_lines().keys()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gc", "nonsense"], "fast-container gc: unrecognized arguments: nonsense; see fast-container gc --help"),
        (
            ["report", "--lest", "1"],
            "fast-container report: unrecognized arguments: --lest 1; see fast-container report --help",
        ),
        (["gc", "--keep"], "fast-container gc: argument --keep: expected one argument; see fast-container gc --help"),
        (["plann"], "fast-container: there is no verb 'plann'; did you mean 'plan'?; see fast-container --help"),
        ([], "fast-container: the following arguments are required: VERB; see fast-container --help"),
    ],
)
def test_nonsense_is_one_line_that_says_where_to_read_on(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words)
    assert (end.value.code, capsys.readouterr().err) == (2, f"{said}\n")
