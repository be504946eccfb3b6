"""A private copy of exactly the selected entries: what BuildKit gets instead of the working tree.

Decides what a staged file looks like: modes 0644 and 0755, and one date for everything that is staged together, the
moment at which the copying ended. Tools that go by dates (make, ninja, cmake, cargo) find their outputs of earlier
builds in a cache mount or an earlier layer; to them every staged file has to look newer than those, and no generated
file older than its source. No date is kept from an earlier staging: another checkout, another machine on the same
BuildKit, or a plain ``docker build`` may have built other content of the file meanwhile, and we cannot know. BuildKit's
layer cache goes by content, not dates, so nothing is built again for this.

BuildKit's directory sync does trust dates: it takes a file for unchanged when its size and date are. Two different
contents must never meet there, so a staged directory is named by its ``context_digest`` (``adapters.buildx.command``).

Each file is opened once and its digest is computed while it is copied: a file that changed since the build key was
computed stops the build. Leaves selecting to ``core.select`` and sending to the executors.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH101, PTH102, PTH103, PTH116, PTH118, PTH211

from __future__ import annotations

import os
from collections.abc import Mapping

from fast_container.core.context.node import on_disk
from fast_container.core.entry import Entry
from fast_container.core.ports import ContextSource
from fast_container.core.staging.checked_entry import check_directory, check_link, read_file

_WRITE_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)
_STAGED_DIR_MODE = 0o755


def stage(source: ContextSource, destination: str) -> None:
    """Copy a context's entries to an empty or absent directory, with one date for all of them.

    Args:
        source: The root and the entries to copy.
        destination: A directory; made when it is absent.

    Raises:
        ContextError: A file changed since it was hashed, or cannot be read.
        OSError: The destination cannot be written.
    """
    stage_together({destination: source})


def stage_together(sources: Mapping[str, ContextSource], *, ahead_ns: int = 0) -> None:
    """Copy several contexts of one build, with one date for the entries of all.

    Args:
        sources: Directory → the context to copy there.
        ahead_ns: How far the builder's clock is ahead of this machine's.

    Raises:
        ContextError: A file changed since it was hashed, or cannot be read.
        OSError: A destination cannot be written.
    """
    for destination, source in sources.items():
        _copy(source, destination)
    _put_one_date(sources, ahead_ns)


def _put_one_date(sources: Mapping[str, ContextSource], ahead_ns: int) -> None:
    """Set the date of everything staged: now, by the file system's clock."""
    last = list(sources)[-1]
    os.utime(last)
    date_ns = os.stat(last).st_mtime_ns + ahead_ns
    for destination, source in sources.items():
        for entry in source.entries:
            _set_date(os.path.join(destination, on_disk(entry.path)), date_ns, is_link=entry.type == "symlink")
        _set_date(destination, date_ns)


def _copy(source: ContextSource, destination: str) -> None:
    os.makedirs(destination, mode=0o700, exist_ok=True)
    for entry in source.entries:
        target = os.path.join(destination, on_disk(entry.path))
        if entry.type == "dir":
            check_directory(source.root, entry)
            os.mkdir(target)
            os.chmod(target, _STAGED_DIR_MODE)  # whatever the umask
        elif entry.type == "symlink":
            check_link(source.root, entry)
            os.symlink(on_disk(entry.target), target)
        else:
            _copy_file(source.root, target, entry)
    os.chmod(destination, _STAGED_DIR_MODE)


def _set_date(path: str, date_ns: int, *, is_link: bool = False) -> None:
    """Set a file's times; a link's if the system can."""
    if not is_link:
        os.utime(path, ns=(date_ns, date_ns))
    elif os.utime in os.supports_follow_symlinks:
        os.utime(path, ns=(date_ns, date_ns), follow_symlinks=False)


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
