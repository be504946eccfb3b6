"""What earlier runs read: stat facts → encoded entry, one cache file per context root in the user's folder.

Decides when a remembered entry may be used. Size, mtime, ctime, inode, device and mode have to be what they were, and
when the file was read, all of this had to hold:

- its file system shows every change (``core.context.file_systems``), and is the root's own;
- it was not "racy", as git calls it: a file that was written just before could be written again within the same tick
  of the clock, with the same facts. Only ctime counts for that: any program can set mtime;
- its ctime has a fraction of a second. One without was not set by a kernel at a change, or by one with too coarse a
  clock: image makers clamp times to whole seconds;
- its pages were written back (``adapters.digests.write_back``), so that a store through a mapping changes the facts.

A cache file with any flaw (another version, a damaged byte, a cut end, another owner) is not used: reading the files
again is always right. Several processes may use one cache: each writes a whole new file and moves it into place, with
the entries that the others added meanwhile for other directories. Nothing here is an error to the user.

The file: magic, SHA-256 of the index, the index's length, the index, records. A record is the files of a directory
(``core.context.directory_files``); it is checked and read when its directory is asked for. The index: the number of
records, their lengths, the SHA-256 of each, and their directories, NUL-separated.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH105, PTH108, PTH118, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from fast_container.adapters.digests.mount_table import MountTable, device_at
from fast_container.adapters.digests.write_back import WriteBack, surely_written_ns
from fast_container.core.cache_folder import is_ours, make_private
from fast_container.core.context.directory_files import NO_FILES, Files
from fast_container.core.context.node import path_bytes
from fast_container.core.context.small_files import BeforeRead
from fast_container.core.context.stat_facts import unpack_each
from fast_container.core.key import SCHEMA

# Encoded entries of the key are remembered: another schema has other ones.
MAGIC: Final = b"fast-container stat cache 3, schema %d\n" % SCHEMA
_LENGTH: Final = struct.Struct("<Q")
_DIGEST_BYTES: Final = 32

# A file system that keeps fractions of a second ticks at least a hundred times in one.
_TICK_NS: Final = 100_000_000
_SECOND_NS: Final = 1_000_000_000

# Nothing shows that a directory is gone for good; a cache of this size starts again.
_MOST_BYTES: Final = 256 << 20


class Record(NamedTuple):
    """A directory's files as the cache file holds them, and their expected SHA-256."""

    digest: bytes
    data: bytes

    def files(self) -> Files | None:
        """Decode the files; None if the record is damaged."""
        return Files.decode(self.data) if hashlib.sha256(self.data).digest() == self.digest else None


class StatCache:
    """The caches of all roots.

    Args:
        folder: Where their files lie; made when something is written.
        believes: Whether the stat facts of files on a device show every change; by default, as the system's mounts say.
    """

    def __init__(self, folder: str, *, believes: Callable[[int], bool] | None = None) -> None:
        self._folder = folder
        self._believes = believes or MountTable().believes

    def open(self, root: str) -> RootStatCache | None:
        """Read the cache of one root now; empty if it is missing or of no use; None for no cache at all."""
        device = device_at(root)
        if device is None or not self._believes(device):
            return None
        # Another file system at the same place has another cache.
        name = hashlib.sha256(b"%d %s" % (device, os.fsencode(root))).hexdigest()[:40]
        return RootStatCache(os.path.join(self._folder, name), root=root, device=device)


class RootStatCache:
    """The cache of one root; for one thread at a time.

    Args:
        file: Where it lies; an attribute, too.
        started_ns: The moment before which facts were looked at, by the clock that dates files; now by default.
        root: Where the remembered files lie.
        device: The root's; files of others are not remembered. None for any.
    """

    def __init__(
        self,
        file: str,
        *,
        started_ns: int | None = None,
        root: str = "/",
        device: int | None = None,
        write_back: Callable[[], WriteBack] = WriteBack,
    ) -> None:
        self.file = file
        self.root = root
        self.device = device
        self._write_back = write_back
        started = time.time_ns() if started_ns is None else started_ns
        # A file that was changed later is "racy"; one that was changed earlier than the oldest is surely written.
        self._youngest_ns = started - _TICK_NS
        self._oldest_ns = started - surely_written_ns()
        self._known = read_records(file)
        # Turned into records only when saved, so that hashing of the rest can go on.
        self._new: dict[bytes, Files] = {}
        self._written: set[tuple[int, int, int]] = set()
        self._is_forgotten = False

    def get(self, directory: str) -> Files | None:
        """Return the files of a directory as they were last read; None if nothing is known."""
        record = self._known.get(path_bytes(directory))
        return record.files() if record is not None else None

    def settle(self, paths: Sequence[bytes], facts: bytes) -> BeforeRead | None:
        """Begin to write files back that may be dirty; what is returned ends it for each, just before it is read."""
        oldest, youngest = self._oldest_ns, self._youngest_ns
        each = enumerate(unpack_each(facts))
        young = [n for n, (_, _, ctime, inode, _, _) in each if not inode or oldest <= ctime < youngest]
        if not young:
            return None
        root = os.path.join(os.fsencode(self.root), b"")
        writing, written = self._write_back(), self._written
        writing.begin(root + paths[number] for number in young)

        def finish(descriptor: int, device: int, inode: int, ctime_ns: int) -> None:
            if oldest <= ctime_ns < youngest and writing.finish(descriptor):
                written.add((device, inode, ctime_ns))

        return finish

    def put(self, directory: str, files: Files) -> None:
        """Remember files that were read while their facts held, except those that may change unseen."""
        self._new[path_bytes(directory)] = files

    def forget(self) -> None:
        """Forget everything, because some of it was wrong. Later results are not remembered either."""
        self._known, self._new, self._is_forgotten = {}, {}, True
        with contextlib.suppress(OSError):
            os.unlink(self.file)

    def save(self) -> None:
        """Write what is new, together with what others wrote meanwhile; an unwritable folder is not an error."""
        if not self._new or self._is_forgotten:
            return
        sure = {directory: self._only_sure(directory, files) for directory, files in self._new.items()}
        new = {directory: _record(files) for directory, files in sure.items() if files}
        others = read_records(self.file)
        known = {directory: record for directory, record in (self._known | others).items() if directory not in sure}
        self._new, known = {}, known | new
        if known == others:
            return
        self._known = known if sum([len(record.data) for record in known.values()]) <= _MOST_BYTES else new
        with contextlib.suppress(OSError):
            _write(self.file, self._known)

    def _only_sure(self, directory: bytes, files: Files) -> Files:
        sure = self._are_sure(files.facts)
        if all(sure):
            return files
        record = self._known.get(directory)
        before = (record.files() if record is not None else None) or NO_FILES
        found = zip(files.by_name.items(), sure, strict=True)
        return Files.of({name: one for (name, one), is_sure in found if is_sure or before.by_name.get(name) == one})

    def _are_sure(self, facts: bytes) -> list[bool]:
        """For each file, whether it cannot have changed, nor change later, with the same facts."""
        written, device = self._written, self.device
        return [
            ctime % _SECOND_NS != 0
            and ctime < self._youngest_ns
            and (ctime < self._oldest_ns or (own, inode, ctime) in written)
            and (device is None or device == own)
            for _, _, ctime, inode, own, _ in unpack_each(facts)
        ]


def _record(files: Files) -> Record:
    data = files.encode()
    return Record(hashlib.sha256(data).digest(), data)


def read_records(file: str) -> dict[bytes, Record]:
    """Directory → record; empty for a file that is absent, damaged or of another version."""
    try:
        with open(file, "rb") as opened:
            if not is_ours(os.fstat(opened.fileno())):
                return {}
            data = opened.read()
    except OSError:
        return {}
    index_at = len(MAGIC) + _DIGEST_BYTES + _LENGTH.size
    if data[: len(MAGIC)] != MAGIC or len(data) < index_at:
        return {}
    (length,) = _LENGTH.unpack_from(data, index_at - _LENGTH.size)
    index = data[index_at : index_at + length]
    if hashlib.sha256(index).digest() != data[len(MAGIC) : len(MAGIC) + _DIGEST_BYTES]:
        return {}
    (count,) = _LENGTH.unpack_from(index)
    digests_at = _LENGTH.size * (count + 1)
    names_at = digests_at + _DIGEST_BYTES * count
    lengths: tuple[int, ...] = struct.unpack_from(f"<{count}Q", index, _LENGTH.size)
    digests = [index[at : at + _DIGEST_BYTES] for at in range(digests_at, names_at, _DIGEST_BYTES)]
    starts = accumulate(lengths, initial=index_at + length)
    records = [
        Record(digest, data[start : start + size])
        for digest, start, size in zip(digests, starts, lengths, strict=False)
    ]
    return dict(zip(index[names_at:].split(b"\0"), records, strict=False)) if count else {}


def _write(file: str, records: dict[bytes, Record]) -> None:
    index = b"".join(
        (
            struct.pack(f"<{len(records) + 1}Q", len(records), *[len(record.data) for record in records.values()]),
            *[record.digest for record in records.values()],
            b"\0".join(records),
        )
    )
    make_private(os.path.dirname(file))
    mine = f"{file}.{os.getpid()}.{threading.get_ident()}"
    try:
        with open(mine, "xb", opener=_open_private) as opened:
            opened.write(MAGIC + hashlib.sha256(index).digest() + _LENGTH.pack(len(index)) + index)
            opened.writelines([record.data for record in records.values()])
        os.replace(mine, file)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(mine)
        raise


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
