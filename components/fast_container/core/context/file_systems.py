"""Which file systems are believed when a file's facts say that it did not change.

Decides it from the system's table of mounts. Believed are local file systems that put the kernel's clock, with
fractions of a second, into ctime at every change, also at the first store through a mapping after its pages were
written back. All others are not, and neither is one that is unknown; their files are read again each time:

- network, FUSE and virtual machine mounts (nfs, cifs, 9p, virtiofs): facts come late, or from another clock;
- tmpfs and ramfs: a store through a mapping changes no time;
- overlay: what lies below it, and how that was made, cannot be seen from within a container;
- images (squashfs, erofs, iso9660): times are what the maker of the image wrote;
- zfs: a store through a mapping changes the times later than the content.

A file system that nothing can write to is not believed either: whoever makes it chooses its times. Leaves getting the
table to ``adapters.digests.mount_table``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_BELIEVED: Final = frozenset({"apfs", "btrfs", "ext4", "f2fs", "xfs"})
_IN_MEMORY: Final = frozenset({"ramfs", "tmpfs"})
# Files of btrfs have another device in each subvolume, which no mount table knows.
_OWN_DEVICES: Final = frozenset({"btrfs"})
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")
# "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled)"
_MOUNT_LINE: Final = re.compile(r"^.*? on (?P<place>/.*) \((?P<words>[^()]*)\)$")


class Mount(NamedTuple):
    """One mount.

    Attributes:
        device: The device that its files have; None where the table does not say it.
        place: Where it is mounted.
        type: Of its file system.
        is_writable: Whether anything can be changed there.
    """

    device: int | None
    place: str
    type: str
    is_writable: bool


def is_believed(device: int, mounts: Sequence[Mount], device_at: Callable[[str], int | None]) -> bool:
    """Whether the facts of files on a device tell of every change.

    Args:
        device: The files' (``st_dev``).
        mounts: All mounts, in the table's order.
        device_at: The device of what lies at a place now; None where it cannot be told.
    """
    found = [mount for mount in mounts if mount.device == device]
    if not found:
        # Of several mounts at one place the last hides the others.
        shown = {mount.place: mount for mount in mounts}.values()
        found = [
            mount
            for mount in shown
            if mount.device is None and mount.type in _BELIEVED and device_at(mount.place) == device
        ]
    return all(mount.type in _BELIEVED for mount in found) and any(mount.is_writable for mount in found)


def is_in_memory(device: int, mounts: Sequence[Mount]) -> bool:
    """Whether what is written on a device never reaches a disk; swap aside."""
    found = [mount for mount in mounts if mount.device == device]
    return bool(found) and all(mount.type in _IN_MEMORY for mount in found)


def parse_mountinfo(table: bytes) -> list[Mount]:
    """Linux's ``/proc/self/mountinfo``; a line that says something else is left out."""
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
    """What ``mount`` of macOS prints; a line that says something else, or no local file system, is left out."""
    found: list[Mount] = []
    for line in lines.splitlines():
        match = _MOUNT_LINE.match(line)
        words = match["words"].split(", ") if match else []
        if match and "local" in words:
            found.append(Mount(None, match["place"], words[0], "read-only" not in words))
    return found
