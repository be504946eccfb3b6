"""Reads a selected entry again when it is staged or packed, and refuses one that is not what was hashed.

Decides what "unchanged" means: the same type, link target and content. A directory only has to exist, because its
content consists of entries of its own. Leaves where the bytes go to ``core.staging.stage`` and
``core.staging.archive``.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH115, PTH118

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator

from fast_container.core.context.node import from_disk, on_disk
from fast_container.core.context.read_files import changed
from fast_container.core.context.small_files import OPEN_FLAGS
from fast_container.core.entry import Entry
from fast_container.errors import ContextError

_CHUNK_BYTES = 1 << 20
# Systems answer ELOOP or EMLINK to O_NOFOLLOW on a link, and ENXIO for a pipe or socket.
_ANOTHER_TYPE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR})


def read_file(root: str, entry: Entry) -> Iterator[bytes]:
    """Yield the content of a file entry in pieces; the last step compares it with the entry's digest.

    The caller must take all pieces, and discard them if an error comes.

    Raises:
        ContextError: The file changed since it was hashed, or cannot be read.
    """
    try:
        descriptor = os.open(os.path.join(root, on_disk(entry.path)), OPEN_FLAGS)
    except OSError as error:
        raise _refused(root, entry, error) from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != entry.size:
            raise changed(entry.path, root)
        digest = hashlib.sha256()
        left = entry.size
        while chunk := _read(descriptor, min(left + 1, _CHUNK_BYTES), root, entry):
            left -= len(chunk)
            if left < 0:
                raise changed(entry.path, root)
            digest.update(chunk)
            yield chunk
    finally:
        os.close(descriptor)
    if left or f"sha256:{digest.hexdigest()}" != entry.digest:
        raise changed(entry.path, root)


def check_directory(root: str, entry: Entry) -> None:
    """Refuse a directory entry that is now something else."""
    try:
        is_directory = stat.S_ISDIR(os.lstat(os.path.join(root, on_disk(entry.path))).st_mode)
    except OSError as error:
        raise _refused(root, entry, error) from error
    if not is_directory:
        raise changed(entry.path, root)


def check_link(root: str, entry: Entry) -> None:
    """Refuse a link entry whose target is now another."""
    try:
        target = from_disk(os.readlink(os.path.join(root, on_disk(entry.path))))
    except OSError as error:
        raise changed(entry.path, root) from error
    if target != entry.target:
        raise changed(entry.path, root)


def _read(descriptor: int, size: int, root: str, entry: Entry) -> bytes:
    try:
        return os.read(descriptor, size)
    except OSError as error:
        raise _refused(root, entry, error) from error


def _refused(root: str, entry: Entry, error: OSError) -> ContextError:
    if error.errno in _ANOTHER_TYPE:
        return changed(entry.path, root)
    return ContextError(
        "A file of the build context cannot be read.",
        path=entry.path,
        why=error.strerror or str(error),
        next_step="Make it readable, or name it in the ignore file.",
    )
