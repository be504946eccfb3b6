"""Which mounts are believed: local file systems whose kernel stamps every change, and nothing that is unknown."""

from __future__ import annotations

import os

import pytest

from fast_container.core.context.file_systems import Mount, is_believed, parse_mount_lines, parse_mountinfo

MOUNTINFO = rb"""21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
22 21 0:21 / /dev/shm rw - tmpfs tmpfs rw,size=24684092k
23 21 7:0 / /srv/release rw,relatime - squashfs /dev/loop0 ro,errors=continue
24 21 254:16 / /srv/frozen ro,relatime - xfs /dev/vdb rw
25 21 254:32 /repo /srv/our\040sources rw,relatime master:7 - xfs /dev/vdc rw
26 21 0:44 /@home /home rw,relatime - btrfs /dev/vdd rw,subvol=/@home
27 21 0:50 / /merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
28 21 0:51 / /net rw - nfs4 server:/x rw,vers=4.2
29 21 254:48 / /snapshot ro - ext4 /dev/vde ro
a line that says something else
30 21 x:y / /odd rw - ext4 /dev/vdf rw
"""
MACOS = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//user@server/share on /Volumes/A share (with a note) (smbfs, nodev, nosuid, mounted by user)
/dev/disk4s1 on /Volumes/Our (old) disk (hfs, local, nodev, nosuid, journaled)
"""


def believed(device: int, places: dict[str, int] | None = None) -> bool:
    return is_believed(device, parse_mountinfo(MOUNTINFO), (places or {}).get)


@pytest.mark.parametrize(
    ("major", "minor", "answer"),
    [
        (254, 0, True),
        (0, 21, False),  # tmpfs
        (7, 0, False),  # squashfs
        (254, 16, False),  # mounted read-only
        (254, 32, True),
        (0, 50, False),  # overlay
        (0, 51, False),  # a file server
        (254, 48, False),  # nothing can write to it
        (9, 9, False),  # unknown
    ],
)
def test_what_is_believed_of_linux_s_mounts(major: int, minor: int, answer: bool) -> None:
    assert believed(os.makedev(major, minor)) is answer


def test_a_subvolume_of_btrfs_is_found_by_the_device_of_its_place() -> None:
    assert believed(77, {"/home": 77, "/srv/our sources": 78})
    assert not believed(78, {"/home": 77, "/srv/our sources": 78})
    # What hides it at the same place is asked in its stead.
    hidden = [*parse_mountinfo(MOUNTINFO), Mount(None, "/home", "fuse", True)]
    assert not is_believed(77, hidden, {"/home": 77}.get)


def test_escaped_places_are_read() -> None:
    assert "/srv/our sources" in [mount.place for mount in parse_mountinfo(MOUNTINFO)]


def test_one_file_system_is_believed_where_any_of_its_mounts_can_be_written_to() -> None:
    both = [Mount(5, "/a", "ext4", False), Mount(5, "/b", "ext4", True)]
    assert is_believed(5, both, lambda _: None)
    assert not is_believed(5, both[:1], lambda _: None)


def test_macos_s_data_volume_is_believed_and_the_sealed_one_and_other_s_are_not() -> None:
    places = {"/": 1, "/System/Volumes/Data": 2, "/Volumes/Our (old) disk": 3, "/Volumes/A share (with a note)": 4}
    mounts = parse_mount_lines(MACOS)
    assert [is_believed(device, mounts, places.get) for device in (1, 2, 3, 4, 5)] == [False, True, False, False, False]
    assert [mount.place for mount in mounts] == ["/", "/dev", "/System/Volumes/Data", "/Volumes/Our (old) disk"]


def test_nothing_is_believed_without_a_table() -> None:
    assert not is_believed(1, parse_mountinfo(b""), lambda _: 1)
    assert not is_believed(1, parse_mount_lines(""), lambda _: 1)
