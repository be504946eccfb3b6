"""One run at a time in a folder of the per-user cache.

Decides that a second run waits, and that it says so. The lock is the kernel's (``flock``): it is gone when its holder
is, however that ended.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Say = Callable[[str], None]


@contextmanager
def exclusive(path: Path, say: Say, *, every_s: float = 15.0, poll_s: float = 0.1) -> Iterator[None]:
    """Holds the lock file at ``path``; while another process holds it, says so at once and every ``every_s``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as held:
        begin = time.monotonic()
        said = -1
        while not _taken(held.fileno()):
            waited = time.monotonic() - begin
            if int(waited / every_s) > said:
                said = int(waited / every_s)
                held.seek(0)
                holder = held.read().strip() or "unknown"
                say(f"another run (process {holder}) is getting the tools, waiting for it: {waited:.0f} s")
            time.sleep(poll_s)
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        try:
            yield
        finally:
            held.truncate(0)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
