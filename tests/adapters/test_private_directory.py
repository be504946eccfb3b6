"""Directories with secrets: for their owner only, gone afterwards, and cleared after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from fast_container.adapters.private_directory import private_directory, remove_abandoned

COMPONENTS = Path(__file__).parents[2] / "components"
OWNER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from fast_container.adapters.private_directory import private_directory
with private_directory() as directory:
    print(directory, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_only_its_owner_may_look_and_it_is_gone_afterwards() -> None:
    with pytest.raises(RuntimeError), private_directory() as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
        (directory / "secret").touch()
        raise RuntimeError
    assert not directory.exists()


def test_what_a_killed_program_left_is_removed_and_a_living_one_s_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(COMPONENTS)],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().decode().strip())
        with private_directory() as ours:
            remove_abandoned()
            assert (theirs.is_dir(), ours.is_dir()) == (True, True)
            owner.send_signal(signal.SIGKILL)
            owner.wait()
            assert theirs.is_dir()
            remove_abandoned()
            assert (theirs.exists(), ours.is_dir()) == (False, True)


def test_one_that_is_just_being_made_is_left_alone(tmp_path: Path) -> None:
    young, old = tmp_path / "fast-container-build-young", tmp_path / "fast-container-build-old"
    young.mkdir()
    old.mkdir()
    os.utime(old, (time.time() - 7200,) * 2)
    remove_abandoned()
    assert young.exists()
    assert not old.exists()
