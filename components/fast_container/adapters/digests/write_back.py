"""Writes files back whose pages may be dirty, so that the next store to them changes their times.

A store through a mapping (``mmap``) changes a file's times only where it finds a page clean: the kernel protects a page
when it writes it back, and hears of the next store. So a file that is dirty when it is hashed could change later with
the same times. Decides how a file is known to be clean: it was last changed so long ago that the kernel has written it
since, or it is written back now (``sync_file_range``, which waits for data and not for a journal). Files that take
longer than a moment are skipped: they are not remembered, and are read again in the next run.

On macOS times of such a store are set when its page is written; there is nothing to ask for, and nothing is done.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from fast_container.core.context.small_files import OPEN_FLAGS

_WRITE: Final = 2
# Wait for writing that is under way, write, wait for that.
_WAIT: Final = 1 | _WRITE | 4
_MOST_S: Final = 0.3
# So many files show whether a tree is dirty; waiting for a clean one takes a few microseconds.
_PROBED: Final = 64
_CLEAN_S: Final = 15e-6
# Linux writes a page 30 s after it became dirty, and looks for such pages every 5 s; later if the disk is busy.
_SURELY_WRITTEN_S: Final = 120
_EXPIRY: Final = ("/proc/sys/vm/dirty_expire_centisecs", "/proc/sys/vm/dirty_writeback_centisecs")

Sync = Callable[[int, int], bool]
"""Descriptor, flags → whether it worked."""


def surely_written_ns() -> int:
    """Age in nanoseconds from which a change of a file has certainly been written back."""
    if sys.platform != "linux":
        return 0
    try:
        expire, every = (int(Path(place).read_bytes()) for place in _EXPIRY)
    except (OSError, ValueError):
        return _SURELY_WRITTEN_S * 10**9
    # With this setting the kernel writes no page because of its age.
    return max(_SURELY_WRITTEN_S, 4 * (expire + every) // 100) * 10**9 if every else sys.maxsize


class WriteBack:
    """Writes files back, each while it is open to be read: opening it once more would take longer than the rest.

    Files are asked for in several threads; the time that all took is approximate then.

    Args:
        most_s: Seconds of waiting after which the rest is skipped.
        sync: The system's call, by default.
    """

    def __init__(self, *, most_s: float = _MOST_S, sync: Sync | None = None) -> None:
        self._left_s = most_s
        self._sync = sync or _system_call()

    def begin(self, paths: Iterable[bytes]) -> None:
        """Start writing many files if some of the first are dirty, so that the disk gets them at once."""
        if self._sync is None:
            return
        left = iter(paths)
        first = list(islice(left, _PROBED))
        if len(first) < _PROBED:
            return
        began = time.perf_counter()
        self._start(first, self._sync, _WAIT)
        if time.perf_counter() - began > _PROBED * _CLEAN_S:
            self._start(left, self._sync, _WRITE)

    def finish(self, descriptor: int) -> bool:
        """Write an open file back and wait for it; whether it is certainly written."""
        if self._sync is None or self._left_s < 0:
            return False
        began = time.perf_counter()
        done = self._sync(descriptor, _WAIT)
        self._left_s -= time.perf_counter() - began
        return done

    def _start(self, paths: Iterable[bytes], sync: Sync, flags: int) -> None:
        began = time.perf_counter()
        ends = began + self._left_s
        for path in paths:
            if time.perf_counter() > ends:
                break
            try:
                descriptor = os.open(path, OPEN_FLAGS)
            except OSError:
                continue
            try:
                sync(descriptor, flags)
            finally:
                os.close(descriptor)
        self._left_s -= time.perf_counter() - began


def _system_call() -> Sync | None:
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - milliseconds, seldom needed

    function: Any = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is None:
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return lambda descriptor, flags: function(descriptor, 0, 0, flags) == 0
