"""The cases, on trees alone: what must be built changes what the image is made of, and what need not does not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from bench.peers.case_table import case_table
from bench.peers.cases import CASES, QUICK, Case
from bench.peers.correctness import Judged
from bench.peers.scene import Scene
from bench.peers.verdict import Verdict

# These need a registry.
_OF_REGISTRY = ("the tag of the external image moves", "the images are deleted in the registry, then `up`")
_PURE = [case for case in CASES if case.name not in _OF_REGISTRY]


def _scene(folder: Path) -> Scene:
    return Scene(folder / "root", folder / "extra", "python:3.12-slim", cast(Any, None))


def _tree(folder: Path) -> dict[str, object]:
    def facts(path: Path) -> object:
        if path.is_symlink():
            return os.readlink(path)
        return ("dir", "") if path.is_dir() else (path.stat().st_mode & 0o777, path.read_bytes())

    return {str(path.relative_to(folder)): facts(path) for path in folder.rglob("*")}


@pytest.mark.parametrize("case", [case for case in _PURE if case.must_build], ids=lambda case: case.name)
def test_an_edit_that_must_be_built_is_an_edit_and_changes_what_is_looked_at(case: Case, tmp_path: Path) -> None:
    scene = _scene(tmp_path)
    case.make(scene)
    before = _tree(tmp_path)
    case.edit(scene)
    assert _tree(tmp_path) != before
    assert case.before != case.after


@pytest.mark.parametrize("case", [case for case in CASES if not case.must_build], ids=lambda case: case.name)
def test_what_need_not_be_built_leaves_what_is_looked_at(case: Case, tmp_path: Path) -> None:
    scene = _scene(tmp_path)
    case.make(scene)
    case.edit(scene)
    assert case.before == case.after


def test_the_edit_that_is_hard_to_see_keeps_size_and_date(tmp_path: Path) -> None:
    case = next(case for case in CASES if "size and date" in case.name)
    scene = _scene(tmp_path)
    case.make(scene)
    file = scene.root / "app/handler.py"
    before, content = file.stat(), file.read_text()
    case.edit(scene)
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert file.read_text() != content


def test_a_quick_run_has_a_case_of_each_kind() -> None:
    names = [CASES[number].name for number in QUICK]
    assert [
        word for word in ("size and date", "lock", "deleted", "fresh clone") if not any(word in n for n in names)
    ] == []


def test_the_table_counts_what_is_right_and_the_builds_that_nothing_called_for() -> None:
    one, two = CASES[0], replace(CASES[1], name="another")
    judged = [
        Judged(one, "ours", Verdict("right", is_right=True)),
        Judged(one, "bake", Verdict("right, needless build", is_right=True)),
        Judged(two, "ours", Verdict("right", is_right=True)),
        Judged(two, "bake", Verdict("REFUSED at once", is_right=False), "ERROR: not allowed"),
    ]
    table = case_table(judged)
    assert table.head == ["edit", "ours", "bake"]
    assert [row[1:] for row in table.rows[-2:]] == [["2 of 2", "1 of 2"], ["0", "1"]]
    assert any("another; bake: ERROR: not allowed" in line for line in table.compares)
