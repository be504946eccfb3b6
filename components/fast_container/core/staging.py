"""A private copy of exactly the selected entries: what BuildKit gets instead of the working tree.

Decides what a staged file looks like. BuildKit's directory sync takes a file for unchanged when its size and mtime
are, so a staged file's mtime is made from its content: equal content has an equal mtime and different content a
different one, on every machine. It lies between 1980-01-02 and 2020-01-01 (zip tools refuse what is older, ``make``
what is from the future). Modes are 0644 and 0755; directories and links have one constant mtime.

Each file is opened once and its digest is taken while it is copied: a file that is no longer what the build key was
computed from stops the build. Leaves selecting to ``core.context`` and sending to the executors.
"""

# Paths are texts with surrogate escapes, and many of them: pathlib is too slow.
# ruff: noqa: PTH101, PTH102, PTH103, PTH118, PTH211

from __future__ import annotations

import os

from fast_container.core.checked_entry import check_directory, check_link, read_file
from fast_container.core.entry import Entry
from fast_container.core.ports import ContextSource

# 1980-01-02T00:00:00Z, and the seconds from there to 2020-01-01.
FIRST_MTIME_S = 315_619_200
_SPAN_S = 1_577_836_800 - FIRST_MTIME_S
CONSTANT_MTIME_NS = FIRST_MTIME_S * 1_000_000_000

_WRITE_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)
_STAGED_DIR_MODE = 0o755


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
        if entry.type == "dir":
            check_directory(source.root, entry)
            os.mkdir(target)
            directories.append(target)
        elif entry.type == "symlink":
            check_link(source.root, entry)
            os.symlink(entry.target, target)
            set_mtime(target, CONSTANT_MTIME_NS, is_link=True)
        else:
            _copy_file(source.root, target, entry)
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


def _copy_file(root: str, target: str, entry: Entry) -> None:
    descriptor = os.open(target, _WRITE_FLAGS, entry.mode)
    try:
        for chunk in read_file(root, entry):
            left = memoryview(chunk)
            while left:
                left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
    os.chmod(target, entry.mode)  # whatever the umask
    set_mtime(target, content_mtime_ns(entry.digest))
