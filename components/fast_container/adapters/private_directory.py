"""Temporary directories that hold secrets, and what is left of them after a crash.

Decides who may read them (their owner) and when one is nobody's: its owner keeps a lock as long as it lives,
so another process, also one in another container, can tell. Leaves what is put there to the callers.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "fast-container-build-"
_LOCK = ".owner"
_YOUNG_S = 3600.0


@contextmanager
def private_directory() -> Generator[Path]:
    """A new directory (0700) that is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with (directory / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove what killed processes of this user have left."""
    for directory in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with suppress(OSError):
            if directory.lstat().st_uid == os.getuid() and _is_abandoned(directory):
                shutil.rmtree(directory, ignore_errors=True)


def _is_abandoned(directory: Path) -> bool:
    try:
        with (directory / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        # Its owner may be about to lock it.
        return time.time() - directory.stat().st_mtime > _YOUNG_S
