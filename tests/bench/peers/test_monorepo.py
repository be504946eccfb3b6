"""The tree that is measured: every image reads its own part, and each scenario's edit touches what it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.peers.fresh_clone import clone_in_place
from bench.peers.monorepo import IGNORED_FILES, Monorepo


@pytest.fixture
def tree(tmp_path: Path) -> Monorepo:
    return Monorepo(tmp_path / "root", 3, 300, parent="python:3.12-slim")


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_tree_has_as_many_files_as_asked_for(tree: Monorepo) -> None:
    counted = [path for path in _files(tree.root) if "node_modules" not in path]
    assert len(counted) == 300
    assert len(_files(tree.root)) - len(counted) == min(300, IGNORED_FILES)


def test_two_trees_hold_the_same_files(tree: Monorepo, tmp_path: Path) -> None:
    assert _files(Monorepo(tmp_path / "other", 3, 300, parent="python:3.12-slim").root) == _files(tree.root)


@pytest.mark.parametrize(
    ("scenario", "changed"),
    [("nothing", set()), ("handler", {"services/svc000/handler.py"}), ("outside", {"docs/outside.md"})],
)
def test_an_edit_changes_one_file_or_none(tree: Monorepo, scenario: str, changed: set[str]) -> None:
    before = _files(tree.root)
    tree.edit(scenario, 1)
    after = _files(tree.root)
    assert {path for path in after if after[path] != before.get(path)} == changed


def test_edits_of_two_rounds_differ(tree: Monorepo) -> None:
    tree.edit("handler", 1)
    first = tree.read_by_first_image()
    tree.edit("handler", 2)
    assert tree.read_by_first_image() != first


def test_a_tuned_image_has_an_ignore_file_that_lets_through_what_it_copies(tmp_path: Path) -> None:
    tree = Monorepo(tmp_path, 2, 200, parent="python:3.12-slim", is_tuned=True)
    for name, dockerfile in tree.dockerfiles.items():
        copied = {line.split()[1] for line in (tmp_path / dockerfile).read_text().splitlines() if "COPY" in line}
        rules = (tmp_path / f"{dockerfile}.dockerignore").read_text().splitlines()
        for path in copied:
            assert any(f"!{part}" in rules for part in (path, f"services/{name}"))


def test_a_clone_has_the_same_files_and_modes_and_new_dates(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "run").write_text("run")
    (root / "run").chmod(0o755)
    (root / "gone").symlink_to("nowhere")
    os.utime(root / "run", (1, 1))
    clone_in_place(root)
    assert (root / "run").stat().st_mode & 0o777 == 0o755
    assert (root / "run").stat().st_mtime > 1
    assert (root / "gone").readlink() == Path("nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
