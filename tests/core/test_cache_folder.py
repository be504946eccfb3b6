"""A cache belongs to the user that runs, or is not used."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from fast_container.core.cache_folder import cache_folder


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def fallback(tmp_path: Path) -> Path:
    return tmp_path / "tmp" / f"fast-container-{os.geteuid()}"


def of_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there now becomes another user's, as far as the folder can tell."""
    mine = os.geteuid()
    if mine == 0:
        os.chown(folder, 12345, 12345)
        return
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)


def test_it_is_the_named_folder_or_one_in_the_user_s_home(tmp_path: Path) -> None:
    assert cache_folder({"FAST_CONTAINER_CACHE": str(tmp_path / "a/b")}) == tmp_path / "a/b"
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path / "xdg")}) == tmp_path / "xdg/fast-container"
    assert cache_folder({}) == tmp_path / "home/.cache/fast-container"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_another_user_s_folder_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "named"
    named.mkdir(mode=0o777)
    of_another(named, monkeypatch)
    assert cache_folder({"FAST_CONTAINER_CACHE": str(named)}) == fallback(tmp_path)
    of_home = tmp_path / "home/.cache/fast-container"
    of_home.mkdir(parents=True)
    of_another(of_home, monkeypatch)
    assert cache_folder({}) == fallback(tmp_path)
    # What somebody has put in the place of the last resort is not used either.
    fallback(tmp_path).mkdir(mode=0o777)
    of_another(fallback(tmp_path), monkeypatch)
    unusable = cache_folder({})
    with pytest.raises(OSError):
        unusable.mkdir(parents=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_none_is_made_below_another_user_s_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    of_another(tmp_path / "home", monkeypatch)
    assert cache_folder({}) == fallback(tmp_path)


def test_a_place_where_nothing_can_be_made_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert cache_folder({"FAST_CONTAINER_CACHE": str(tmp_path / "file")}) == fallback(tmp_path)
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path / "file" / "x")}) == fallback(tmp_path)
