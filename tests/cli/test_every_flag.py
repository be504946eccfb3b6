"""No value of any flag is a traceback, and no message names an argument of a program: the flag is what was written."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fast_container.cli import main
from fast_container.cli.arguments.all_verbs import parse
from fast_container.cli.flags import ARGUMENTS
from tests.trees import write_tree

NONSENSE = (
    *("", " ", "x", "=", "a=", "=b", "a=b", "a=b=c", "../..", "/", "no/such/place", "-1", "1e400", "x" * 5000),
    *("a\nb", "a\udcffb", "größe", "linux/none", "docker-image://", "*[", "[", "{", '"', "'", "${X}", "None"),
)
KEY = "key-" + "0" * 40
RIGHT: dict[str, list[str]] = {
    "inspect": ["--context", "app"],
    "ignored": ["--dockerignore", "app/.dockerignore"],
    "show-dockerfile": ["--install", "dependencies", "--root", ".", "--package", "pkg"],
    "lint": ["--context", "app", "--fail-on", "never"],
    "lock": ["--context", "app", "--file", "out.lock"],
    "check-image": ["oci-layout://absent"],
    "completion": ["bash"],
    "cost": [],
    "history": ["api"],
    "image": ["oci-layout://absent"],
    # Without a plan file, so that no registry is asked.
    "pin": ["--image", "api"],
    "plan": [],
    "promote": ["--to", "registry.example.com"],
    "report": [],
    "warm": [],
    "accept": ["--accept-replaced-tag", f"registry.example.com/shop/images:{KEY}@sha256:{'0' * 64}"],
    "policy service-role": ["--account", "123456789012", "--region", "eu-west-1", "--bucket", "b"],
    "policy deployer": ["--account", "123456789012", "--region", "eu-west-1", "--bucket", "b", "--project", "p"],
}
# ``name=`` or ``name[``, as a program writes an argument; what a quoted value holds is not meant.
OF_A_PROGRAM = re.compile(rf"(?<![\w.\"'`-])({'|'.join(sorted(ARGUMENTS))})(?:=|\[[\"'\d])")


BARE = re.compile(r"where: [a-z_]+(?:\[.*)?$", re.MULTILINE)


def flags_of(verb: str) -> list[str]:
    """The flags of a verb that take a value, from its ``--help``."""
    with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patched:
        said: list[str] = []
        patched.setattr("sys.stdout.write", said.append)
        parse([*verb.split()[:1], "--help"])
    return sorted(set(re.findall(r"^  (--[a-z-]+) [A-Z]", "".join(said), re.MULTILINE)))


def calls() -> Iterator[tuple[str, str]]:
    for verb in RIGHT:
        for flag in flags_of(verb):
            yield verb, flag


def called(verb: str, flag: str, value: str) -> list[str]:
    """The verb's right call, with the flag's value in place of the right one."""
    right = list(RIGHT[verb])
    if flag in right:
        at = right.index(flag)
        del right[at : at + 2]
    return [*verb.split(), *right, f"{flag}={value}"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "app/Dockerfile": "ARG BASE=scratch\nFROM scratch AS made\nCOPY . /\nRUN --mount=type=secret,id=token true\n",
        "app/.dockerignore": "*.log\n",
        "pkg/pyproject.toml": '[project]\nname = "pkg"\nversion = "1"\ndependencies = ["click==8"]\n',
    }
    write_tree(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(("verb", "flag"), sorted(calls()))
def test_nonsense_is_taken_or_refused_in_the_words_of_the_command_line(
    verb: str, flag: str, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[str] = []
    for value in NONSENSE:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a.log\nb/\n")))
        code = main(called(verb, flag, value))
        text = capsysbinary.readouterr().err.decode(errors="replace")
        if code not in (0, 2):
            wrong.append(f"{value!r}: exit code {code}")
        if "unexpected error" in text or "Traceback" in text:
            wrong.append(f"{value!r}: {text}")
        if code == 2:
            own = text.replace(value, "") if value else text
            if OF_A_PROGRAM.search(own) or BARE.search(own):
                wrong.append(f"{value!r}: {text}")
            if not text.strip():
                wrong.append(f"{value!r}: nothing is said")
    assert wrong == [], json.dumps(wrong, indent=1, ensure_ascii=False)
