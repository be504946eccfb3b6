"""Asks git which files of build contexts it ignores, which were changed lately, and what is checked out.

Decides that one call of git answers for all contexts (those of the working tree that most of them are in), that a
repository's own settings start no further program, and that a missing answer is harmless: without git, outside a
working tree, or when git takes too long, there is nothing to say.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fast_container.core.context.git_ignored import IgnoredFiles, ignored_files
from fast_container.core.context.node import Node
from fast_container.core.select import SelectedImage

TIMEOUT_S: Final = 5.0
_ASK: Final = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", "--")
LAST_COMMITS: Final = 90
# Of a repository with many contexts, so many commits are asked for; a signature is checked by a program.
_LOG: Final = (
    *("-c", "log.showSignature=false", "log", "-n", "1000", "--no-merges", "--no-renames", "--name-only", "-z"),
    *("--format=%x01", "--"),
)
_STATE: Final = ("status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=all")
# A git hook that runs Pulumi sets these for its own repository; the last two contradict literal paths.
_OF_ANOTHER_CALL: Final = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
    | {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"}
)


def git_ignored(
    images: Iterable[SelectedImage], environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> IgnoredFiles | None:
    """The files that count in some image and that git ignores; None for none, or where git cannot say. Blocking."""
    selections: dict[str, dict[str, Iterable[Node]]] = {}
    for image in images:
        for context in image.selected.values():
            selection = context.selection
            selections.setdefault(context.root, {})[selection.digest] = selection.nodes
    trees: dict[str, dict[str, str]] = {}
    for root in selections:
        real = os.path.realpath(root)
        if top := _working_tree(real):
            trees.setdefault(top, {})[root] = "" if real == top else os.path.relpath(real, top).replace(os.sep, "/")
    if not trees:
        return None
    top, roots = max(trees.items(), key=lambda item: len(item[1]))
    ignored = _ask_git(top, sorted(set(roots.values())), environment, timeout_s)
    by_folder: dict[str, list[Iterable[Node]]] = {}
    for root, folder in roots.items():
        by_folder.setdefault(folder, []).extend(selections[root].values())
    return ignored_files(by_folder, ignored) if ignored else None


def recent_commits(
    roots: Iterable[str], environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> dict[str, tuple[frozenset[str], ...]]:
    """Root → paths that each of the last commits changed below it, relative to it, the newest first. Blocking.

    At most ``LAST_COMMITS`` each; merges are left out. One call of git; roots of which it says nothing are absent.
    """
    trees: dict[str, dict[str, str]] = {}
    for root in dict.fromkeys(roots):
        real = os.path.realpath(root)
        if top := _working_tree(real):
            trees.setdefault(top, {})[root] = (
                "" if real == top else os.path.relpath(real, top).replace(os.sep, "/") + "/"
            )
    if not trees:
        return {}
    top, prefixes = max(trees.items(), key=lambda item: len(item[1]))
    said = _run_git(top, [*_LOG, *sorted({prefix or "." for prefix in prefixes.values()})], environment, timeout_s)
    commits = [_paths(commit) for commit in said.split(b"\1")[1:]]
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for root, prefix in prefixes.items():
        inside = [
            frozenset(path.removeprefix(prefix) for path in commit if path.startswith(prefix)) for commit in commits
        ]
        found[root] = tuple([commit for commit in inside if commit][:LAST_COMMITS])
    return {root: of_root for root, of_root in found.items() if of_root}


@dataclass(frozen=True, slots=True)
class WorkingTreeState:
    """Commit, branch, and whether files differ.

    Attributes:
        commit: The commit, or "".
        branch: Its branch; "" without one.
        dirty: ``yes`` if tracked files differ from the commit, ``no``, or "" where git cannot say.
    """

    commit: str = ""
    branch: str = ""
    dirty: str = ""


def working_tree_state(
    folder: Path, environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> WorkingTreeState:
    """State of the working tree that a folder is in; empty where git cannot say. Blocking."""
    top = _working_tree(os.path.realpath(folder))
    said = _run_git(top, _STATE, environment, timeout_s) if top else b""
    lines = said.decode("utf-8", "replace").splitlines()
    told = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch.") and " " in line[2:])
    if "branch.oid" not in told:
        return WorkingTreeState()
    dirty = "yes" if any(not line.startswith("#") for line in lines) else "no"
    commit, branch = told["branch.oid"], told.get("branch.head", "")
    return WorkingTreeState("" if commit.startswith("(") else commit, "" if branch.startswith("(") else branch, dirty)


def _paths(commit: bytes) -> list[str]:
    return [os.fsdecode(path) for path in commit.replace(b"\n", b"\0").split(b"\0") if path]


def _working_tree(folder: str) -> str:
    """The top of the working tree that a folder is in; "" for none. Asks the file system, not git."""
    here = Path(folder)
    return next((str(place) for place in (here, *here.parents) if (place / ".git").exists()), "")


def _ask_git(top: str, folders: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> list[str]:
    """Paths that git ignores in some folders; a directory that is ignored as a whole has a ``/`` at its end."""
    said = _run_git(top, [*_ASK, *(folder or "." for folder in folders)], environment, timeout_s)
    return [os.fsdecode(path) for path in said.split(b"\0") if path]


def _run_git(top: str, words: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> bytes:
    """Output of git in a working tree; nothing where it cannot say."""
    settings = ("-c", "core.fsmonitor=false", "--literal-pathspecs")
    kept = {name: value for name, value in environment.items() if name not in _OF_ANOTHER_CALL}
    try:
        done = subprocess.run(
            ["git", "-C", top, *settings, *words],
            env={**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return b""
    if done.returncode:
        return b""
    return done.stdout
