"""Which file systems are trusted to show in a file's stat facts that it changed.

Decides it from the system's table of mounts. Trusted are local file systems that put the kernel's clock, with
fractions of a second, into ctime at every change, also at the first store through a mapping after its pages were
written back. All others, and unknown ones, are not; their files are read again each time:

- network, FUSE and virtual machine mounts (nfs, cifs, 9p, virtiofs): facts come late, or from another clock;
- tmpfs and ramfs: a store through a mapping changes no time;
- overlay: its layers, and how they were made, cannot be seen from within a container;
- images (squashfs, erofs, iso9660): times are what the maker of the image wrote;
- zfs: a store through a mapping changes the times later than the content.

A read-only file system is not trusted either: its maker chooses its times. Leaves getting the table to
``adapters.digests.mount_table``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_BELIEVED: Final = frozenset({"apfs", "btrfs", "ext4", "f2fs", "xfs"})
_IN_MEMORY: Final = frozenset({"ramfs", "tmpfs"})
# Files of btrfs have another device in each subvolume, which the mount table does not list.
_OWN_DEVICES: Final = frozenset({"btrfs"})
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")
# "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled)"
_MOUNT_LINE: Final = re.compile(r"^.*? on (?P<place>/.*) \((?P<words>[^()]*)\)$")


class Mount(NamedTuple):
    """One mount.

    Attributes:
        device: The device of its files; None if the table does not say.
        place: Where it is mounted.
        type: Of its file system.
        is_writable: Whether anything can be changed there.
    """

    device: int | None
    place: str
    type: str
    is_writable: bool


def is_believed(device: int, mounts: Sequence[Mount], device_at: Callable[[str], int | None]) -> bool:
    """Whether the stat facts of files on a device show every change.

    Args:
        device: The files' (``st_dev``).
        mounts: All mounts, in the table's order.
        device_at: Returns the device of a place as it is now; None if that cannot be told.
    """
    found = [mount for mount in mounts if mount.device == device]
    if not found:
        # Of several mounts at one place, the last hides the others.
        shown = {mount.place: mount for mount in mounts}.values()
        found = [
            mount
            for mount in shown
            if mount.device is None and mount.type in _BELIEVED and device_at(mount.place) == device
        ]
    return all(mount.type in _BELIEVED for mount in found) and any(mount.is_writable for mount in found)


def is_in_memory(device: int, mounts: Sequence[Mount]) -> bool:
    """Whether files on a device never reach a disk (swap aside)."""
    found = [mount for mount in mounts if mount.device == device]
    return bool(found) and all(mount.type in _IN_MEMORY for mount in found)


def parse_mountinfo(table: bytes) -> list[Mount]:
    """Parse Linux's ``/proc/self/mountinfo``; malformed lines are skipped."""
    found: list[Mount] = []
    for line in table.splitlines():
        mount, separator, file_system = line.partition(b" - ")
        fields, more = mount.split(b" "), file_system.split(b" ")
        numbers = fields[2].split(b":") if len(fields) > 5 else []
        if not separator or len(more) < 3 or len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            continue
        name = os.fsdecode(more[0])
        is_read_only = b"ro" in fields[5].split(b",") or b"ro" in more[-1].split(b",")
        found.append(
            Mount(
                None if name in _OWN_DEVICES else os.makedev(*map(int, numbers)),
                os.fsdecode(_OCTAL.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), fields[4])),
                name,
                not is_read_only,
            )
        )
    return found


def parse_mount_lines(lines: str) -> list[Mount]:
    """Parse the output of ``mount`` on macOS; other lines, and file systems that are not local, are skipped."""
    found: list[Mount] = []
    for line in lines.splitlines():
        match = _MOUNT_LINE.match(line)
        words = match["words"].split(", ") if match else []
        if match and "local" in words:
            found.append(Mount(None, match["place"], words[0], "read-only" not in words))
    return found
