"""A private copy of exactly the selected entries: what BuildKit gets instead of the working tree.

Decides what a staged file looks like. BuildKit's directory sync takes a file for unchanged when its size and mtime
are, so a staged file's mtime is made from its content: equal content has an equal mtime and different content a
different one, on every machine. It lies between 1980-01-02 and 2020-01-01 (zip tools refuse what is older, ``make``
what is from the future). Modes are 0644 and 0755; directories and links have one constant mtime.

Each file is opened once and its digest is taken while it is copied: a file that is no longer what the build key was
computed from stops the build. Leaves selecting to ``core.context`` and sending to the executors.
"""

# Paths are texts with surrogate escapes, and many of them: pathlib is too slow.
# ruff: noqa: PTH101, PTH102, PTH103, PTH115, PTH118, PTH211

from __future__ import annotations

import errno
import hashlib
import os
import stat

from fast_container.core.entry import Entry
from fast_container.core.ports import ContextSource
from fast_container.core.walk import OPEN_FLAGS, changed
from fast_container.errors import ContextError

# 1980-01-02T00:00:00Z, and the seconds from there to 2020-01-01.
FIRST_MTIME_S = 315_619_200
_SPAN_S = 1_577_836_800 - FIRST_MTIME_S
CONSTANT_MTIME_NS = FIRST_MTIME_S * 1_000_000_000

_CHUNK_BYTES = 1 << 20
_WRITE_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)
_STAGED_DIR_MODE = 0o755
# ELOOP and EMLINK are what systems answer to O_NOFOLLOW on a link; ENXIO is a pipe or socket.
_ANOTHER_TYPE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR})


def content_mtime_ns(digest: str) -> int:
    """The mtime of a staged file, in nanoseconds, made from its ``sha256:<hex>`` digest."""
    number = int(digest.removeprefix("sha256:")[:24], 16)
    seconds, nanoseconds = divmod(number, 1_000_000_000)
    return (FIRST_MTIME_S + seconds % _SPAN_S) * 1_000_000_000 + nanoseconds


def stage(source: ContextSource, destination: str) -> None:
    """Copy a context's entries to an empty or absent directory.

    Args:
        source: What to copy from where.
        destination: A directory; made when it is absent.

    Raises:
        ContextError: A file is not what it was when it was hashed, or cannot be read.
        OSError: The destination cannot be written.
    """
    os.makedirs(destination, mode=0o700, exist_ok=True)
    directories: list[str] = []
    for entry in source.entries:
        target = os.path.join(destination, entry.path)
        origin = os.path.join(source.root, entry.path)
        if entry.type == "dir":
            _check_directory(origin, entry)
            os.mkdir(target)
            directories.append(target)
        elif entry.type == "symlink":
            _check_link(origin, entry)
            os.symlink(entry.target, target)
            set_mtime(target, CONSTANT_MTIME_NS, is_link=True)
        else:
            _copy_file(origin, target, entry)
    # Children first: making an entry changes its directory's mtime.
    for directory in (*reversed(directories), destination):
        os.chmod(directory, _STAGED_DIR_MODE)
        set_mtime(directory, CONSTANT_MTIME_NS)


def set_mtime(path: str, mtime_ns: int, *, is_link: bool = False) -> None:
    """Set a file's times; a link's where the system can."""
    if not is_link:
        os.utime(path, ns=(mtime_ns, mtime_ns))
    elif os.utime in os.supports_follow_symlinks:
        os.utime(path, ns=(mtime_ns, mtime_ns), follow_symlinks=False)


def _copy_file(origin: str, target: str, entry: Entry) -> None:
    """Copy a file and compare what was read with what was hashed."""
    try:
        reading = os.open(origin, OPEN_FLAGS)
    except OSError as error:
        raise _gone(entry, error) from error
    try:
        facts = os.fstat(reading)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != entry.size:
            raise changed(entry.path)
        writing = os.open(target, _WRITE_FLAGS, entry.mode)
        try:
            digest = _copy_bytes(reading, writing, entry)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    if digest != entry.digest:
        raise changed(entry.path)
    os.chmod(target, entry.mode)
    set_mtime(target, content_mtime_ns(entry.digest))


def _copy_bytes(reading: int, writing: int, entry: Entry) -> str:
    """Copy between two open files; what was copied as ``sha256:<hex>``."""
    digest = hashlib.sha256()
    chunk_bytes = min(entry.size + 1, _CHUNK_BYTES)
    while True:
        try:
            chunk = os.read(reading, chunk_bytes)
        except OSError as error:
            raise _gone(entry, error) from error
        if not chunk:
            return f"sha256:{digest.hexdigest()}"
        digest.update(chunk)
        left = memoryview(chunk)
        while left:
            left = left[os.write(writing, left) :]


def _check_directory(origin: str, entry: Entry) -> None:
    try:
        is_directory = stat.S_ISDIR(os.lstat(origin).st_mode)
    except OSError as error:
        raise _gone(entry, error) from error
    if not is_directory:
        raise changed(entry.path)


def _check_link(origin: str, entry: Entry) -> None:
    try:
        target = os.readlink(origin)
    except OSError as error:
        raise changed(entry.path) from error
    if target != entry.target:
        raise changed(entry.path)


def _gone(entry: Entry, error: OSError) -> ContextError:
    if error.errno in _ANOTHER_TYPE:
        return changed(entry.path)
    return ContextError(
        "A file of the build context cannot be read.",
        path=entry.path,
        why=error.strerror or str(error),
        next_step="Make it readable, or name it in the ignore file.",
    )
