"""Writes files back whose pages may be dirty, so that the next store to them changes their times.

A store through a mapping (``mmap``) changes a file's times only where it finds a page clean: the kernel protects a page
when it writes it back, and hears of the next store. So a file that is dirty when it is hashed could change later with
the same times. Decides how a file is known to be clean: it was last changed so long ago that the kernel has written it
since, or it is written back now (``sync_file_range``, which waits for data and not for a journal). What takes longer
than a moment is left: such a file is not remembered, and is read again in the next run.

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
# Linux writes a page 30 s after it became dirty, and looks for such every 5 s; more where a disk is busy.
_SURELY_WRITTEN_S: Final = 120
_EXPIRY: Final = ("/proc/sys/vm/dirty_expire_centisecs", "/proc/sys/vm/dirty_writeback_centisecs")

Sync = Callable[[int, int], bool]
"""Descriptor, flags → whether it worked."""


def surely_written_ns() -> int:
    """Age from which a change of a file has been written back, in nanoseconds."""
    if sys.platform != "linux":
        return 0
    try:
        expire, every = (int(Path(place).read_bytes()) for place in _EXPIRY)
    except (OSError, ValueError):
        return _SURELY_WRITTEN_S * 10**9
    # Nothing is written by age where nobody looks.
    return max(_SURELY_WRITTEN_S, 4 * (expire + every) // 100) * 10**9 if every else sys.maxsize


def write_back(paths: Sequence[bytes], *, most_s: float = _MOST_S, sync: Sync | None = None) -> list[bool]:
    """Write files back.

    Args:
        paths: Absolute.
        most_s: Seconds after which the rest is left.
        sync: The system's call, by default.

    Returns:
        For each file, whether it is surely written.
    """
    call = sync or _system_call()
    written = [False] * len(paths)
    if call is None:
        return written
    ends = time.monotonic() + most_s
    # All are begun before the first is waited for, so that the disk has them at once.
    begun = 0
    for path in paths:
        if time.monotonic() > ends:
            break
        _with_file(path, call, _WRITE)
        begun += 1
    for number, path in enumerate(paths[:begun]):
        if time.monotonic() > ends:
            break
        written[number] = _with_file(path, call, _WAIT_BEFORE | _WRITE | _WAIT_AFTER)
    return written


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
