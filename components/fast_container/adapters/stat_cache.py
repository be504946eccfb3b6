"""What earlier runs read: file facts → content digest, one small file per context root in the user's cache folder.

Decides when a remembered digest may be believed. Size, mtime, ctime, inode, device and mode have to be what they were,
and the file must not have been "racy" when it was read, as git calls it: a file that was written just before could be
written again within the same tick of its clock, with the same facts. Such a file is not remembered until it has aged.

Whatever is wrong with a cache file (another version, a damaged byte, a cut end), it is not used: reading the files
again is always right. Several processes may use one cache: each writes a whole new file and moves it into place, with
what the others had added meanwhile. Nothing here is an error to the user.

The file: magic, SHA-256 of the rest, then the number of files, their facts and digests (fixed size, little endian) and
their paths, NUL-separated.
"""

# Paths are texts with surrogate escapes, and many of them: pathlib is too slow.
# ruff: noqa: PTH103, PTH105, PTH108, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import time
from typing import Final

MAGIC: Final = b"fast-container stat cache 1\n"
_COUNT: Final = struct.Struct("<Q")
# size, mtime_ns, ctime_ns, inode, device, mode; digest.
_FACTS: Final = struct.Struct("<QqqQQI")
_pack: Final = _FACTS.pack
_SHA256: Final = "sha256:"
_DIGEST_BYTES: Final = 32
_RECORD_BYTES: Final = _FACTS.size + _DIGEST_BYTES

# A file system that keeps fractions of a second ticks at least a hundred times in one; others once in up to two.
_FINE_TICK_NS: Final = 100_000_000
_COARSE_TICK_NS: Final = 2_000_000_000
_SECOND_NS: Final = 1_000_000_000

# Nothing tells that a path is gone for good; from here on a cache starts again.
_MOST_FILES: Final = 500_000

# A file's facts and its digest as they are in the file; there are many, and bytes are no work for the collector.
_Record = bytes


class StatCache:
    """The caches of all roots.

    Args:
        folder: Where their files lie; made when something is written.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def open(self, root: str) -> RootStatCache:
        """The cache of one root, read now; empty when there is none or it is of no use."""
        name = hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:40]
        return RootStatCache(os.path.join(self._folder, name))


class RootStatCache:
    """The cache of one root; for one thread at a time.

    Args:
        file: Where it lies.
        started_ns: The moment before which facts were looked at, by the same clock that files have; now by default.
    """

    def __init__(self, file: str, *, started_ns: int | None = None) -> None:
        self._file = file
        self._started_ns = time.time_ns() if started_ns is None else started_ns
        self._known = read_records(file)
        # Made into records when they are saved: until then the hashing of the rest goes on.
        self._new: dict[str, tuple[os.stat_result, str]] = {}

    def get(self, path: str, facts: os.stat_result) -> str | None:
        """The content's ``sha256:<hex>`` when the facts are those that it was read under, else None."""
        record = self._known.get(path)
        try:
            if record is None or not record.startswith(_packed(facts)):
                return None
        except struct.error:
            return None
        return _SHA256 + record[-_DIGEST_BYTES:].hex()

    def put(self, path: str, facts: os.stat_result, digest: str) -> None:
        """Remember a digest that was read while the facts held, unless the file is too young."""
        self._new[path] = facts, digest

    def save(self) -> None:
        """Write what is new, with what others wrote meanwhile; a folder that cannot be written is no error."""
        new = self._new_records()
        self._new = {}
        if not new:
            return
        known = {**self._known, **read_records(self._file), **new}
        self._known = known if len(known) <= _MOST_FILES else new
        with contextlib.suppress(OSError):
            _write(self._file, self._known)

    def _new_records(self) -> dict[str, _Record]:
        records: dict[str, _Record] = {}
        for path, (facts, digest) in self._new.items():
            if not self._is_racy(facts):
                with contextlib.suppress(struct.error):  # A time of the 23rd century.
                    records[path] = _packed(facts) + bytes.fromhex(digest[len(_SHA256) :])
        return records

    def _is_racy(self, facts: os.stat_result) -> bool:
        whole_seconds = facts.st_mtime_ns % _SECOND_NS == 0
        tick_ns = _COARSE_TICK_NS if whole_seconds and facts.st_ctime_ns % _SECOND_NS == 0 else _FINE_TICK_NS
        return max(facts.st_mtime_ns, facts.st_ctime_ns) + tick_ns >= self._started_ns


def _packed(facts: os.stat_result) -> bytes:
    return _pack(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_dev, facts.st_mode)


def read_records(file: str) -> dict[str, _Record]:
    """Path → facts and digest; empty for a file that is absent, damaged or of another version."""
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError:
        return {}
    head = len(MAGIC) + _DIGEST_BYTES
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(memoryview(data)[head:]).digest() != data[len(MAGIC) : head]:
        return {}
    (count,) = _COUNT.unpack_from(data, head)
    records = head + _COUNT.size
    names = records + count * _RECORD_BYTES
    if not count:
        return {}
    paths = data[names:].decode("utf-8", "surrogateescape").split("\0")
    found = [data[start : start + _RECORD_BYTES] for start in range(records, names, _RECORD_BYTES)]
    return dict(zip(paths, found, strict=True))


def _write(file: str, records: dict[str, _Record]) -> None:
    body = b"".join(
        (
            _COUNT.pack(len(records)),
            *records.values(),
            "\0".join(records).encode("utf-8", "surrogateescape"),
        )
    )
    os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
    mine = f"{file}.{os.getpid()}.{threading.get_ident()}"
    try:
        with open(mine, "xb") as opened:
            opened.write(MAGIC + hashlib.sha256(body).digest() + body)
        os.replace(mine, file)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(mine)
        raise
