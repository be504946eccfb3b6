"""A staged tree is exactly the selected entries, and all of it is of one date: now."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

import pytest

from fast_container.core.ports import ContextSource
from fast_container.core.staging.stage import stage, stage_together
from fast_container.errors import ContextError
from tests.trees import Tree, select, write_tree

TREE: Tree = {
    "Dockerfile": "FROM scratch\nCOPY . /\n",
    "a.txt": "a",
    "bin/run.sh": "#!/bin/sh\n",
    "empty": None,
    "deep/er/x": b"\0\1",
    "link": ("link", "deep/er"),
    "out": ("link", "/etc/passwd"),
}


def source(root: Path) -> ContextSource:
    return select(root).contexts["context"]


def facts(root: Path) -> dict[str, tuple[int, str]]:
    """Path → mode, content or link text."""
    found: dict[str, tuple[int, str]] = {}
    for place in [root, *root.rglob("*")]:
        seen = place.lstat()
        if place.is_symlink():
            text = os.readlink(place)
        else:
            text = place.read_bytes().decode("latin-1") if place.is_file() else ""
        found[str(place.relative_to(root))] = (stat.S_IMODE(seen.st_mode), text)
    return found


def dates(root: Path) -> set[int]:
    """The dates, in nanoseconds, of all that is staged in a directory, its own among them."""
    return {place.lstat().st_mtime_ns for place in [root, *root.rglob("*")]}


def test_the_same_tree_is_staged_under_any_umask_place_and_time(tmp_path: Path) -> None:
    staged = []
    for name, umask, mode in (("one", 0o022, 0o644), ("two", 0o077, 0o600), ("three", 0o002, 0o664)):
        before = os.umask(umask)
        try:
            root = write_tree(tmp_path / name, TREE)
            (root / "bin/run.sh").chmod(mode | 0o100)
            os.utime(root / "a.txt", (umask, umask))
            stage(source(root), str(tmp_path / f"staged-{name}"))
        finally:
            os.umask(before)
        staged.append(facts(tmp_path / f"staged-{name}"))
    assert staged[0] == staged[1] == staged[2]


def test_modes_are_gits(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", TREE)
    (root / "bin/run.sh").chmod(0o700)
    (root / "a.txt").chmod(0o611)
    stage(source(root), str(tmp_path / "staged"))
    modes = {path: f"{mode:o}" for path, (mode, _) in facts(tmp_path / "staged").items()}
    assert modes == {
        ".": "755",
        "Dockerfile": "644",
        "a.txt": "644",
        "bin": "755",
        "bin/run.sh": "755",
        "deep": "755",
        "deep/er": "755",
        "deep/er/x": "644",
        "empty": "755",
        "link": "777",
        "out": "777",
    }


def test_what_is_staged_together_has_one_date_and_it_is_now(tmp_path: Path) -> None:
    roots = [write_tree(tmp_path / name, TREE) for name in ("one", "two")]
    for age_s, path in enumerate(sorted(roots[0].rglob("*"))):
        os.utime(path, (10**9 - age_s, 10**9 - age_s), follow_symlinks=False)
    before_ns = time.time_ns() - 20_000_000  # The clock that dates files ticks every few milliseconds.
    stage_together({str(tmp_path / f"staged-{root.name}"): source(root) for root in roots})
    found = dates(tmp_path / "staged-one") | dates(tmp_path / "staged-two")
    assert len(found) == 1
    assert before_ns < found.pop() <= time.time_ns()


def test_every_staging_is_later_than_the_one_before_whatever_it_holds(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", TREE)
    found: list[int] = []
    for number, text in enumerate(("a", "b", "a")):
        (root / "a.txt").write_text(text)
        os.utime(root / "a.txt", (1_700_000_000, 1_700_000_000))
        stage(source(root), str(tmp_path / f"staged-{number}"))
        found += dates(tmp_path / f"staged-{number}")
        time.sleep(0.02)
    assert found[0] < found[1] < found[2]


def test_files_are_dated_by_the_clock_of_whoever_builds(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", TREE)
    stage_together({str(tmp_path / "staged"): source(root)}, ahead_ns=-3600 * 10**9)
    assert 3590 < time.time() - dates(tmp_path / "staged").pop() / 1e9 < 3610


def test_nothing_but_the_selected_entries_is_staged(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {**TREE, ".dockerignore": "deep\n.dockerignore\n"})
    stage(source(root), str(tmp_path / "staged"))
    assert sorted(facts(tmp_path / "staged")) == [
        ".",
        "Dockerfile",
        "a.txt",
        "bin",
        "bin/run.sh",
        "empty",
        "link",
        "out",
    ]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("a.txt", lambda place: place.write_text("b")),
        ("a.txt", lambda place: place.write_text("longer")),
        ("a.txt", lambda place: place.unlink()),
        ("a.txt", lambda place: (place.unlink(), place.symlink_to("Dockerfile"))),
        ("a.txt", lambda place: (place.unlink(), place.mkdir())),
        ("a.txt", lambda place: (place.unlink(), os.mkfifo(place))),
        ("empty", lambda place: (place.rmdir(), place.write_text(""))),
        ("empty", lambda place: (place.rmdir(), place.symlink_to("deep"))),
        ("link", lambda place: (place.unlink(), place.symlink_to("bin"))),
        ("link", lambda place: (place.unlink(), place.mkdir())),
    ],
)
def test_a_file_that_changed_since_it_was_hashed_is_refused(tmp_path: Path, path: str, change: object) -> None:
    root = write_tree(tmp_path / "tree", TREE)
    selected = source(root)
    change(root / path)  # type: ignore[operator]
    with pytest.raises(ContextError) as refusal:
        stage(selected, str(tmp_path / "staged"))
    assert refusal.value.path == path
    assert "changed" in str(refusal.value)


def test_names_that_are_no_text_are_staged_as_they_are(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"Dockerfile": "FROM scratch\nCOPY . /\n"})
    names = [b"new\nline", b"sp ace", b"\xff\xfe", "é".encode(), b"-rf", b"a\\b"]
    for name in names:
        with open(os.path.join(os.fsencode(root), name), "wb") as file:
            file.write(name)
    stage(source(root), str(tmp_path / "staged"))
    assert sorted(os.listdir(os.fsencode(tmp_path / "staged"))) == sorted([b"Dockerfile", *names])


def test_a_full_disk_is_not_blamed_on_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    selected = source(write_tree(tmp_path / "tree", TREE))

    def no_space(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(OSError, match="No space left"):
        stage(selected, str(tmp_path / "staged"))
