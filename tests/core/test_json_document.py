"""JSON that others have written ends in one message, whatever it holds: deep, cut, of another form, not UTF-8."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fast_container
from fast_container.adapters.docker_config import DockerConfig
from fast_container.cli import main
from fast_container.core.images.lock import parse_lock
from fast_container.core.json_document import parse_json
from fast_container.core.program_file import read_plan_file
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote.plan import read_plan
from fast_container.core.replaced_tag import read_accepted
from fast_container.errors import FastContainerError

_HOUSE = Path(fast_container.__file__).parent
# Launcher, guard and probe have no modules beside them; an instruction's JSON form has rules of its own.
_OWN_RULES = {
    "adapters/process/shared_guard_program.py",
    "core/dockerfile/split_line.py",
    "core/json_document.py",
    "remote/launcher.py",
    "startup/probe/start_once.py",
}

DEEP = "[" * 100_000
DAMAGED = {
    "empty": "",
    "deep list": DEEP,
    "deep object": '{"a":' * 100_000,
    "deep version": '{"version":' + "[" * 900 + "]" * 900 + "}",
    "as deep as can be read": '{"version":1,"images":' + "[" * (sys.getrecursionlimit() - 200),
    "list": "[]",
    "null": "null",
    "text": '"x"',
    "number": "1e999",
    "long number": "1" * 5000,
    "long version": '{"version":' + "1" * 5000 + "}",
    "cut": '{"version":1,',
    "other form": '{"version":1,"images":3,"accepted":{"a":1},"contexts":[],"unknown":[]}',
    "other entries": '{"version":1,"images":[[]],"accepted":[[]],"contexts":[[]],"unknown":[{}]}',
    "surrogate": '{"version":"\\ud800"}',
}
READERS: dict[str, Callable[[str], Any]] = {
    "program file": lambda text: read_plan_file(text, "/", "plan.json"),
    "remote plan": lambda text: read_plan(text.encode()),
    "lock": lambda text: parse_lock(text.encode()),
    "accepted tags": lambda text: read_accepted(text, "accepted.json"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_one_short_error(reader: str, kind: str) -> None:
    with pytest.raises(FastContainerError) as caught:
        READERS[reader](DAMAGED[kind])
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_record_is_a_value_error(kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        BuildRecord.from_json(DAMAGED[kind])


@pytest.mark.parametrize("content", [DEEP, '{"a":' * 100_000, b"\xff\xfe{", "1" * 5000])
def test_whatever_is_not_json_is_a_value_error(content: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(content)


def test_only_one_module_loads_json() -> None:
    loads = re.compile(r"\bjson\.loads?\(|from json import")
    found = {str(file.relative_to(_HOUSE)) for file in _HOUSE.rglob("*.py") if loads.search(file.read_text("utf-8"))}
    assert found <= _OWN_RULES


@pytest.mark.parametrize(
    "words", [["plan", "--plan"], ["warm", "--plan"], ["inspect", "--context", ".", "--images-lock"]]
)
def test_the_command_line_says_what_is_wrong_with_a_deep_file(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\n")
    (tmp_path / "deep.json").write_text(DEEP)
    monkeypatch.chdir(tmp_path)
    assert main([*words, "deep.json"]) == 2
    said = capsys.readouterr().err
    assert "nested too deeply" in said
    assert "unexpected error" not in said


def test_a_deep_docker_configuration_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(DEEP)
    with pytest.raises(FastContainerError, match="configuration cannot be read"):
        DockerConfig.load({"DOCKER_CONFIG": str(tmp_path)})
