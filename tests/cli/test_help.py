"""``--help`` of each command lists the exit codes that it can end with."""

from __future__ import annotations

import re

import pytest

from fast_container.cli.arguments.all_verbs import parse

CODES = {
    "accept": {"0", "2"},
    "cancel": {"0", "2"},
    "certify": {"0", "1", "2"},
    "check-image": {"0", "1", "2"},
    "coldstart": {"0", "2"},
    "explain": {"0", "2"},
    "ignored": {"0", "2"},
    "image": {"0", "2"},
    "inspect": {"0", "2"},
    "lint": {"0", "1", "2"},
    "lock": {"0", "2"},
    "plan": {"0", "2", "3"},
    "policy": {"0", "2"},
    "show-dockerfile": {"0", "2"},
    "wait": {"0", "1", "2"},
    "warm": {"0", "1", "2", "130"},
}


def help_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        parse([*arguments, "--help"])
    assert end.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", sorted(CODES))
def test_help_lists_the_exit_codes_that_there_are(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, listed = help_of([command], capsys).partition("Exit codes: ")
    assert set(re.findall(r"\b\d+\b", listed)) == CODES[command]


def test_each_command_is_known_here(capsys: pytest.CaptureFixture[str]) -> None:
    for command in CODES:
        assert f" {command} " in help_of([], capsys)
