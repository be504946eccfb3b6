"""SHA-256 of small files, each unchanged since it was looked at, to the last byte read.

Decides when there is a digest: when the file is opened without following a link and its stat facts are the same after
the read as before. A file that is large, gone, unreadable or changed gets none; ``core.context.read_files`` finds out
why.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from typing import TypeAlias

from fast_container.core.context.stat_facts import each_of, pack_facts, unpack_each

LARGE_BYTES = 1 << 20
"""From this size on a file is read in pieces, by ``core.context.read_files``."""

UNREAD = bytes(32)
"""Stands for a missing digest."""

BeforeRead: TypeAlias = Callable[[int, int, int, int], None]
"""Called with a file's descriptor, device, inode and ctime, when it is open and before its first byte is read."""

OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def digests(
    root: bytes,
    paths: Sequence[bytes],
    facts: bytes,
    before_read: BeforeRead | None = None,
    on_large: Callable[[int, bytes], None] = lambda _number, _facts: None,
) -> tuple[list[bytes], list[bytes]]:
    """Read files one after the other.

    Args:
        root: Prefix of each path.
        paths: The files.
        facts: Their stat facts, joined; ``UNSEEN`` for one that is looked at when it is open.
        before_read: Called for each file; None for nothing.
        on_large: Called with number and facts of a large file that was looked at when it was open.

    Returns:
        The digest of each, or ``UNREAD``; and its facts.
    """
    found: list[bytes] = []
    looks: list[bytes] = each_of(facts)
    for path, look in zip(paths, unpack_each(facts), strict=True):
        size, mtime_ns, ctime_ns, inode, device, _ = look
        digest = UNREAD
        if size < LARGE_BYTES:
            try:
                file = os.open(root + path, OPEN_FLAGS)
                try:
                    if not inode:
                        seen = os.fstat(file)
                        size, mtime_ns, ctime_ns, inode = seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino
                        device = seen.st_dev
                        if not stat.S_ISREG(seen.st_mode):
                            found.append(UNREAD)
                            continue
                        looks[len(found)] = pack_facts(seen)
                        if size >= LARGE_BYTES:
                            on_large(len(found), looks[len(found)])
                            found.append(UNREAD)
                            continue
                    if before_read is not None:
                        before_read(file, device, inode, ctime_ns)
                    # Ask for one byte more than expected, so that the end is seen without another read.
                    data = os.read(file, size + 1)
                    now = os.fstat(file)
                finally:
                    os.close(file)
            except OSError:
                pass
            else:
                is_same = now.st_ctime_ns == ctime_ns and now.st_mtime_ns == mtime_ns and now.st_ino == inode
                if is_same and len(data) == size == now.st_size:
                    digest = hashlib.sha256(data).digest()
        found.append(digest)
    return found, looks
