"""Which of the files that count git ignores, with a real git; and that no answer is no trouble."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fast_container.adapters.git import git_ignored
from fast_container.core.context.git_ignored import IgnoredFiles
from fast_container.core.declared import DeclaredImage
from fast_container.core.select import SelectedImage, SharedWalks, select_image
from tests.trees import write_tree

TREE = {
    ".gitignore": "*.log\ndist/\n",
    "api/Dockerfile": "FROM scratch\nCOPY . /\n",
    "api/app.py": "app",
    "api/run.log": "a line",
    "api/dist/bundle.js": "x" * 2000,
    "api/kept.log": "tracked",
    "web/Dockerfile": "FROM scratch\nCOPY src /\n",
    "web/src/index.html": "",
    "web/other.log": "not read",
}


def selected(folder: Path) -> SelectedImage:
    image = DeclaredImage(
        name=folder.name, context=str(folder), dockerfile=str(folder / "Dockerfile"), dockerfile_name="Dockerfile"
    )
    return select_image(image, SharedWalks())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = write_tree(tmp_path / "tree", TREE)
    for command in (["init", "-q"], ["add", "-f", "api/kept.log"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def calls_of_git(folder: Path) -> dict[str, str]:
    """An environment in which ``git`` writes a line for each call, and goes on."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    shim = folder / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$*" >> {folder}/calls\nexec {real} "$@"\n')
    shim.chmod(0o755)
    return {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"}


def test_one_call_of_git_answers_for_all_images(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = calls_of_git(tmp_path)
    monkeypatch.setenv("PATH", environment["PATH"])
    found = git_ignored([selected(tree / "api"), selected(tree / "web")], environment)
    # What is tracked is no file that another checkout lacks; what no image reads does not count.
    assert found == IgnoredFiles(2, 2006, "api/dist/bundle.js", 2000)
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_a_context_that_git_ignores_as_a_whole_is_found(tree: Path) -> None:
    write_tree(tree, {"dist/api/Dockerfile": "FROM scratch\nCOPY . /\n", "dist/api/app.py": "app"})
    found = git_ignored([selected(tree / "dist/api")], os.environ)
    assert found is not None
    assert found.count == 2


def test_a_git_hook_that_runs_pulumi_changes_nothing(tree: Path) -> None:
    of_the_hook = {"GIT_DIR": "/nowhere/.git", "GIT_INDEX_FILE": "/nowhere/index", "GIT_OBJECT_DIRECTORY": "/nowhere"}
    found = git_ignored([selected(tree / "api")], {**os.environ, **of_the_hook})
    assert found is not None
    assert found.count == 2


@pytest.mark.parametrize("name", ["GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"])
def test_how_the_user_has_git_read_patterns_changes_nothing(tree: Path, name: str) -> None:
    found = git_ignored([selected(tree / "api")], {**os.environ, name: "1"})
    assert found is not None
    assert found.count == 2


@pytest.mark.parametrize("trouble", ["no working tree", "no git", "a broken repository", "a git that hangs"])
def test_no_answer_is_no_trouble(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    image = selected(tree / "api")
    if trouble == "no working tree":
        (tree / ".git").rename(tmp_path / "moved")
    elif trouble == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif trouble == "a broken repository":
        (tree / ".git" / "HEAD").write_text("nonsense")
    else:
        (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 30\n")
        (tmp_path / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert git_ignored([image], os.environ, timeout_s=0.5) is None
