"""Directories with secrets: for their owner only, gone afterwards, and cleared after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from fast_container.adapters.digests.mount_table import MountTable
from fast_container.adapters.process.private_directory import private_directory, remove_abandoned, secret_directory
from fast_container.cli import main

COMPONENTS = Path(__file__).parents[3] / "components"
OWNER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from fast_container.adapters.process.private_directory import private_directory
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


def test_secrets_lie_in_memory_where_the_system_has_a_place_and_are_gone_afterwards(tmp_path: Path) -> None:
    table = MountTable()
    with secret_directory({}) as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
        in_memory = Path("/dev/shm").is_dir() and table.is_in_memory(Path("/dev/shm").stat().st_dev)
        assert table.is_in_memory(directory.stat().st_dev) or not in_memory
    assert not directory.exists()
    # Another's, one that others can look into, and one that is on a disk are not the user's memory.
    (tmp_path / "run").mkdir(mode=0o700)
    with secret_directory({"XDG_RUNTIME_DIR": str(tmp_path / "run")}) as directory:
        assert directory.parent != tmp_path / "run" or table.is_in_memory(tmp_path.stat().st_dev)
    # What does not fit into memory goes to the temporary folder.
    with secret_directory({}, size_bytes=1 << 60) as directory:
        assert directory.parent == tmp_path


def test_secrets_of_a_killed_program_are_gone_at_the_next_start_of_the_command_line(tmp_path: Path) -> None:
    script = OWNER.replace("private_directory()", "secret_directory({})").replace(
        "import private_directory", "import secret_directory"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(COMPONENTS)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        theirs = Path(owner.stdout.readline().decode().strip())
        (theirs / "values").write_text("secret")
        main(["ignored", "--dockerignore", str(tmp_path / "none")])
        assert theirs.is_dir()
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        main(["ignored", "--dockerignore", str(tmp_path / "none")])
        assert not theirs.exists()


def test_a_directory_that_is_being_made_is_not_taken_for_an_abandoned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    is_over = threading.Event()

    def look_for_abandoned() -> None:
        while not is_over.is_set():
            remove_abandoned({})

    others = [threading.Thread(target=look_for_abandoned) for _ in range(2)]
    for other in others:
        other.start()
    lost = 0
    for _ in range(400):
        with private_directory() as directory:
            lost += not directory.exists()
    is_over.set()
    for other in others:
        other.join()
    assert lost == 0
