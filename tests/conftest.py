"""Fixtures that every folder of tests may use.

``cloud`` is one local cloud for each test process, started by the first test that asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud; ends with the test process, and leaves no process, mount or socket folder."""
    state = tmp_path_factory.mktemp("cloud")
    with LocalCloud.running(state) as running:
        yield running
    assert leftovers(state) == []


def leftovers(state: Path) -> list[str]:
    """Processes and mounts that name a cloud's state directory or run below it."""
    found = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(state) in line]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if str(state) in command and int(folder.name) != os.getpid():
            found.append(f"process {folder.name}: {command}")
    return found
