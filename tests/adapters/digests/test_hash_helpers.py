"""Digests that helper processes give are those that this process would give, and no helper is left behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.digests import hash_helpers
from fast_container.adapters.digests.hash_helpers import WORTH_HELP, digests_with_help
from fast_container.adapters.digests.walks import open_walks
from fast_container.core.context import small_files
from fast_container.core.context.small_files import DIGEST_BYTES, HELLO, LARGE_BYTES, UNREAD, digests
from fast_container.core.context.stat_facts import FACTS_BYTES, pack_facts
from fast_container.core.select import SharedWalks, select_image
from fast_container.errors import ContextError
from tests.trees import declare, write_tree

FILES = WORTH_HELP + 300
STRANGE = [b"a b", b"line\nbreak", b"not utf-8 \xff", b"empty", b"gone", b"large", b"changed"]


class Asked:
    """Files as ``digests`` is asked about them, with the digests that it has to give."""

    def __init__(self, root: Path) -> None:
        self.root = os.fsencode(root) + b"/"
        self.paths = [b"%d/%d.py" % (number % 40, number) for number in range(FILES)] + STRANGE
        self.expected: list[bytes] = []
        facts: list[bytes] = []
        for path in self.paths:
            place = self.root + path
            content = b"x" * LARGE_BYTES if path == b"large" else b"" if path == b"empty" else path * 20
            os.makedirs(os.path.dirname(place), exist_ok=True)
            Path(os.fsdecode(place)).write_bytes(content)
            facts.append(pack_facts(os.lstat(place)))
            is_read = path not in (b"gone", b"large", b"changed")
            self.expected.append(hashlib.sha256(content).digest() if is_read else UNREAD)
        os.unlink(self.root + b"gone")
        os.utime(self.root + b"changed", (1, 1))
        self.facts = b"".join(facts)

    def answer(self) -> list[bytes]:
        return digests_with_help(self.root, self.paths, self.facts)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return Asked(tmp_path_factory.mktemp("tree"))


@pytest.fixture(autouse=True)
def three_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_helpers, "_processors", lambda: 3)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The helpers that a test has started."""
    processes: list[subprocess.Popen[bytes]] = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            processes.append(self)

    monkeypatch.setattr(subprocess, "Popen", Started)
    return processes


@pytest.fixture
def late_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process begins late, so that there is something left for helpers."""
    waits = iter([0.3])

    def late(root: bytes, paths: Sequence[bytes], facts: bytes) -> list[bytes]:
        threading.Event().wait(next(waits, 0))
        return digests(root, paths, facts)

    monkeypatch.setattr(hash_helpers, "digests", late)


def test_helpers_give_the_digests_that_this_process_gives(
    asked: Asked, started: list[subprocess.Popen[bytes]], late_here: None
) -> None:
    assert digests(asked.root, asked.paths, asked.facts) == asked.expected
    assert asked.answer() == asked.expected
    assert len(started) == 2


def test_no_helper_is_left_behind(asked: Asked, started: list[subprocess.Popen[bytes]]) -> None:
    asked.answer()
    assert [process.returncode is not None for process in started] == [True, True]


@pytest.mark.parametrize("processors", [1, 2, 64])
def test_there_are_no_more_helpers_than_other_processors_and_work(
    asked: Asked, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(hash_helpers, "_processors", lambda: processors)
    assert asked.answer() == asked.expected
    assert len(started) == {1: 0, 2: 1, 64: 2}[processors]


def test_few_files_are_read_without_help(asked: Asked, started: list[subprocess.Popen[bytes]]) -> None:
    assert digests_with_help(asked.root, asked.paths[:100], asked.facts[: 100 * FACTS_BYTES]) == asked.expected[:100]
    assert started == []


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit(1)",
        "print('hello')",
        "import sys; sys.stdout.buffer.write({hello!r}); sys.stdout.flush(); sys.stdin.buffer.read(10)",
        "import sys; sys.stdout.buffer.write({hello!r} + b'short')",
    ],
    ids=["ends at once", "says something else", "ends when it is asked", "ends within an answer"],
)
def test_a_helper_that_fails_costs_no_answer(
    asked: Asked, late_here: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    script = tmp_path / "helper.py"
    script.write_text(program.format(hello=HELLO))
    monkeypatch.setattr(small_files, "__file__", str(script))
    assert asked.answer() == asked.expected


def test_an_interpreter_that_cannot_be_started_costs_no_answer(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    assert asked.answer() == asked.expected


def test_a_frozen_program_does_not_start_itself(
    asked: Asked, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert asked.answer() == asked.expected
    assert started == []


def test_an_interrupt_ends_the_helpers(
    asked: Asked, started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> list[bytes]:
        threading.Event().wait(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(hash_helpers, "digests", interrupted)
    with pytest.raises(KeyboardInterrupt):
        asked.answer()
    assert [process.returncode is not None for process in started] == [True, True]


def test_a_helper_ends_with_its_input() -> None:
    words = [sys.executable, "-I", "-S", small_files.__file__]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=True)
    assert done.stdout == HELLO


def test_a_helper_imports_nothing_of_the_package() -> None:
    program = "import runpy, sys; runpy.run_path(sys.argv[1]); print([m for m in sys.modules if 'fast_container' in m])"
    words = [sys.executable, "-I", "-S", "-c", program, small_files.__file__]
    done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    assert done.stdout.strip() == "[]"


def test_the_key_is_the_same_with_and_without_help_and_a_changed_file_is_named(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    files = {f"{number % 30}/{number}.py": f"{number}\n" * 9 for number in range(FILES)}
    write_tree(tmp_path, {"Dockerfile": "FROM scratch\nCOPY . /\n", **files})
    alone, helped = (select_image(declare(tmp_path), walks) for walks in (SharedWalks(), open_walks(None)))
    assert alone.key == helped.key
    assert len(started) == 2

    def late(root: bytes, paths: Sequence[bytes], facts: bytes) -> list[bytes]:
        (tmp_path / "7/7.py").write_text("changed since it was looked at")
        return digests_with_help(root, paths, facts)

    with pytest.raises(ContextError, match="changed while it was read") as refused:
        select_image(declare(tmp_path), SharedWalks(None, late))
    assert refused.value.where == "7/7.py"


def test_what_stands_for_no_digest_is_as_long_as_one() -> None:
    assert len(UNREAD) == DIGEST_BYTES == hashlib.sha256().digest_size
