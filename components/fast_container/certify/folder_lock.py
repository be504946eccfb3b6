"""Tells whether a certification's folder is still in use.

Decides when an earlier certification is over: when its process and its Pulumi CLI have ended. The CLI lives on for some
seconds after a certification was killed, and writes the stack's state until then. The lock on a file belongs to all
processes that have it open: this one, and ``adapters.process.process_guard``, which outlives the CLI. The CLI does not
get it: its language host has no part in the state, and may live on for minutes. Leaves the words to ``certify.stack``.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_FILE = "in-use"
_POLL_S = 0.1


@contextmanager
def locked(folder: Path, wait_s: float) -> Generator[int]:
    """Wait until nothing else uses a folder and lock it; yield the descriptor for ``held`` of child processes.

    Raises:
        TimeoutError: Something still uses it after so many seconds.
    """
    descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while not _is_locked(descriptor):
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(_POLL_S)
        yield descriptor
    finally:
        # Closed and not unlocked: a command that outlives us goes on using the folder.
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
