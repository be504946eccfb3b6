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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from fast_container.core.context.small_files import OPEN_FLAGS

_WAIT_BEFORE: Final = 1
_WRITE: Final = 2
_WAIT_AFTER: Final = 4
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


def write_back(paths: Sequence[bytes], *, most_s: float = _MOST_S, sync: Sync | None = None) -> list[bool]:
    """Write files back.

    Args:
        paths: Absolute.
        most_s: Seconds after which the rest is skipped.
        sync: The system's call, by default.

    Returns:
        For each file, whether it is certainly written.
    """
    call = sync or _system_call()
    written = [False] * len(paths)
    if call is None:
        return written
    ends = time.monotonic() + most_s
    began = time.perf_counter()
    probed = _wait(paths[:_PROBED], call, ends, written)
    if probed == _PROBED and time.perf_counter() - began > _PROBED * _CLEAN_S:
        # Some were dirty: start the rest before waiting for the first, so that the disk gets them at once.
        begun = probed
        while begun < len(paths) and time.monotonic() <= ends:
            _with_file(paths[begun], call, _WRITE)
            begun += 1
        paths = paths[:begun]
    _wait(paths, call, ends, written, start=probed)
    return written


def _wait(paths: Sequence[bytes], call: Sync, ends: float, written: list[bool], *, start: int = 0) -> int:
    """Write back and wait, from one path on, until all is done or time is up; return how far it came."""
    for number in range(start, len(paths)):
        if time.monotonic() > ends:
            return number
        written[number] = _with_file(paths[number], call, _WAIT_BEFORE | _WRITE | _WAIT_AFTER)
    return len(paths)


def _with_file(path: bytes, call: Sync, flags: int) -> bool:
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except OSError:
        return False
    try:
        return call(descriptor, flags)
    finally:
        os.close(descriptor)


def _system_call() -> Sync | None:
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 - milliseconds, seldom needed

    function: Any = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is None:
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return lambda descriptor, flags: function(descriptor, 0, 0, flags) == 0
