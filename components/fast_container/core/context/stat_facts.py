"""The stat facts of a file that show whether its content may have changed: 44 bytes.

Decides which facts count: size, mtime, ctime, inode, device and mode. There are as many of these as files, and they are
compared, joined and written to the cache as they are; bytes do that at the least cost.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from typing import Final, cast

from fast_container.core.entry import MODE_EXECUTABLE, MODE_PLAIN

# Size, mtime_ns, ctime_ns, inode, device and mode.
_FACTS: Final = struct.Struct("<QqqQQI")
_SIZE: Final = struct.Struct("<Q")
_MODE: Final = struct.Struct("<I")
_pack: Final = _FACTS.pack

FACTS_BYTES: Final = _FACTS.size
UNSEEN: Final = bytes(FACTS_BYTES)
"""Stands for the facts of a file that was not looked at."""
_MODE_AT: Final = FACTS_BYTES - _MODE.size
_TOUCHED_BYTES: Final = _FACTS.size - struct.calcsize("<QI")
_UNSIGNED: Final = (1 << 64) - 1
_SIGNED: Final = (1 << 63) - 1


def pack_facts(found: os.stat_result) -> bytes:
    """Pack the result of one look."""
    try:
        return _pack(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev, found.st_mode)
    except struct.error:
        # Times after the 23rd century and inodes of 128 bits are cut; the lost bits are never the only difference.
        return _pack(
            found.st_size & _UNSIGNED,
            found.st_mtime_ns & _SIGNED,
            found.st_ctime_ns & _SIGNED,
            found.st_ino & _UNSIGNED,
            found.st_dev & _UNSIGNED,
            found.st_mode & 0xFFFFFFFF,
        )


def same_file(one: bytes, other: bytes) -> bool:
    """Whether two looks saw one unchanged file.

    A change of mode sets ctime, too. The device does not count: some file systems name another one for an open file.
    """
    return one[:_TOUCHED_BYTES] == other[:_TOUCHED_BYTES]


def size_of(facts: bytes) -> int:
    """Bytes of content."""
    size: int = _SIZE.unpack_from(facts)[0]
    return size


def mode_of(facts: bytes) -> int:
    """The mode that counts for a file."""
    return counted_mode(_MODE.unpack_from(facts, _MODE_AT)[0])


def counted_mode(mode: int) -> int:
    """The mode that counts: whether the owner may execute the file."""
    return MODE_EXECUTABLE if mode & stat.S_IXUSR else MODE_PLAIN


def each_of(facts: bytes) -> list[bytes]:
    """Split joined facts."""
    return [facts[start : start + FACTS_BYTES] for start in range(0, len(facts), FACTS_BYTES)]


def unpack_each(facts: bytes) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Size, mtime, ctime, inode, device and mode of each of joined facts."""
    return cast("Iterator[tuple[int, int, int, int, int, int]]", _FACTS.iter_unpack(facts))


def sizes_of(facts: bytes) -> list[int]:
    """The sizes of joined facts."""
    return [found[0] for found in unpack_each(facts)]
