"""An archive has the same bytes everywhere, and unpacking it cannot write anywhere else."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from fast_container.core.ports import ContextSource
from fast_container.core.staging.archive import extract_archive, write_archive
from fast_container.core.staging.stage import stage
from fast_container.errors import ContextError
from tests.core.staging.test_stage import TREE, facts, source
from tests.trees import write_tree


def packed(selected: ContextSource) -> bytes:
    archive = io.BytesIO()
    write_archive(selected, archive)
    return archive.getvalue()


def test_the_bytes_are_equal_under_any_umask_place_and_time(tmp_path: Path) -> None:
    archives = set()
    for name, umask in (("one", 0o022), ("two/deeper", 0o077)):
        before = os.umask(umask)
        try:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            root = write_tree(tmp_path / name, TREE)
        finally:
            os.umask(before)
        os.utime(root / "a.txt", (umask, umask))
        archives.add(packed(source(root)))
    assert len(archives) == 1


def test_the_bytes_of_a_fixed_tree_are_known(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {**TREE, "é" * 60 + "/" + "long" * 20: "x"})
    digest = write_archive(source(root), io.BytesIO())
    assert digest == "sha256:479650663557d4b62a18a0c8148bd6f8712390bcbe795f32c968ff7e9829228c"


def test_unpacking_gives_what_was_packed(tmp_path: Path) -> None:
    names = {"long/" + "x" * 90 + "/" + "y" * 120: "far", "uml\udcffaut": "bytes", "new\nline": "n"}
    root = write_tree(tmp_path / "tree", {**TREE, **names})
    selected = source(root)
    entries = extract_archive(io.BytesIO(packed(selected)), str(tmp_path / "unpacked"))
    stage(selected, str(tmp_path / "staged"))
    assert entries == selected.entries
    assert facts(tmp_path / "unpacked") == facts(tmp_path / "staged")


def test_a_file_that_changed_since_it_was_hashed_is_not_packed(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", TREE)
    selected = source(root)
    (root / "a.txt").write_text("b")
    with pytest.raises(ContextError) as refusal:
        packed(selected)
    assert refusal.value.path == "a.txt"


def forged(*members: tuple[str, bytes, str]) -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = text if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            content = text.encode() if kind == tarfile.REGTYPE else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    archive.seek(0)
    return archive


@pytest.mark.parametrize(
    "members",
    [
        [("/etc/owned", tarfile.REGTYPE, "x")],
        [("../owned", tarfile.REGTYPE, "x")],
        [("a", tarfile.DIRTYPE, ""), ("a/../../owned", tarfile.REGTYPE, "x")],
        [("a", tarfile.SYMTYPE, ".."), ("a/owned", tarfile.REGTYPE, "x")],
        [("a", tarfile.SYMTYPE, "owned"), ("a", tarfile.REGTYPE, "x")],
        [("a", tarfile.REGTYPE, "x"), ("a", tarfile.REGTYPE, "y")],
        [("a", tarfile.REGTYPE, "x"), ("b", tarfile.LNKTYPE, "a")],
        [("a/b", tarfile.REGTYPE, "x")],
        [("./a", tarfile.REGTYPE, "x")],
        [("a", tarfile.FIFOTYPE, "")],
        [("a", tarfile.CHRTYPE, "")],
    ],
)
def test_an_archive_that_is_not_ours_is_refused(tmp_path: Path, members: list[tuple[str, bytes, str]]) -> None:
    inside = tmp_path / "inside"
    with pytest.raises(ContextError, match="cannot be unpacked"):
        extract_archive(forged(*members), str(inside))
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


@pytest.mark.parametrize("part", [0.3, 0.6])
def test_a_cut_archive_is_refused_or_seen(tmp_path: Path, part: float) -> None:
    root = write_tree(tmp_path / "tree", {**TREE, "big": "x" * 5000})
    selected = source(root)
    whole = packed(selected)
    try:
        entries = extract_archive(io.BytesIO(whole[: int(len(whole) * part)]), str(tmp_path / "unpacked"))
    except ContextError:
        return
    assert entries != selected.entries
