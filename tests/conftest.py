"""Fixtures that every folder of tests may use.

``cloud`` is one local cloud for each test process, started by the first test that asks for it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud; ends with the test process, and leaves no process, mount or folder of sockets."""
    with LocalCloud.running(tmp_path_factory.mktemp("cloud")) as running:
        yield running
    assert leftovers(running.state_dir, running.sockets_dir) == []
    assert not running.sockets_dir.exists()
    for folder in running.state_dir.iterdir():  # pytest keeps the folders of three runs: logs are enough
        if folder.is_dir() and folder.name != "logs":
            shutil.rmtree(folder, ignore_errors=True)


def leftovers(*places: Path) -> list[str]:
    """Mounts below some folders, and processes other than this one whose command line names them."""
    names = [str(place) for place in places]
    found = [line for line in Path("/proc/self/mounts").read_text().splitlines() if any(name in line for name in names)]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if any(name in command for name in names) and int(folder.name) != os.getpid():
            found.append(f"process {folder.name}: {command}")
    return found
