"""The system's mounts, and whether a directory's file system is trusted.

Decides where the table comes from: ``/proc/self/mountinfo`` on Linux, the program ``mount`` on macOS. Without either,
nothing is known. Leaves what is trusted to ``core.context.file_systems``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from fast_container.core.context.file_systems import (
    Mount,
    is_believed,
    is_in_memory,
    parse_mount_lines,
    parse_mountinfo,
)

_MOUNTINFO = Path("/proc/self/mountinfo")
_MOUNT = "/sbin/mount"
_TIMEOUT_S = 5.0


class MountTable:
    """The mounts at the first question."""

    def believes(self, device: int) -> bool:
        """Whether the stat facts of files on a device show every change (``core.context.file_systems``)."""
        return is_believed(device, self._mounts, device_at)

    def is_in_memory(self, device: int) -> bool:
        """Whether files on a device never reach a disk."""
        return is_in_memory(device, self._mounts)

    @cached_property
    def _mounts(self) -> list[Mount]:
        try:
            if sys.platform != "darwin":
                return parse_mountinfo(_MOUNTINFO.read_bytes())
            done = subprocess.run([_MOUNT], capture_output=True, timeout=_TIMEOUT_S, check=True)
            return parse_mount_lines(os.fsdecode(done.stdout))
        except (OSError, subprocess.SubprocessError):
            return []


def device_at(place: str) -> int | None:
    """Return the device of a place; None if it cannot be told."""
    try:
        return os.stat(place).st_dev  # noqa: PTH116 - a text with surrogate escapes
    except OSError:
        return None
