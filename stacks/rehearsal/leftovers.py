"""Finds processes of the demo that should have ended, by the scratch folder that is in all their environments."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def find_processes(folder: Path) -> dict[int, str]:
    """Process id → command of every other process whose environment or arguments name a folder."""
    wanted = os.fsencode(folder)
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes()
            if wanted in arguments or wanted in (entry / "environ").read_bytes():
                found[int(entry.name)] = arguments.replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
    return found


def wait_for_none(folder: Path, timeout_s: float = 10.0) -> dict[int, str]:
    """Waits until none is left; those that do not end in time are killed and returned."""
    deadline = time.monotonic() + timeout_s
    while (left := find_processes(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in left:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return left
