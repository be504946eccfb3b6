"""The content of files, each read once.

Decides who reads: small files are read one after the other (``core.context.small_files``), because a thread costs more
than a small file does; large ones in threads, beside them. A file that could not be read that way is looked into until
there is a digest or a reason. Leaves which files to ``core.context.known_files``.
"""

from __future__ import annotations

import hashlib
import os
import stat
from binascii import hexlify
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from fast_container.core.context.node import on_disk, path_text
from fast_container.core.context.small_files import LARGE_BYTES, OPEN_FLAGS, UNREAD, BeforeRead, digests
from fast_container.core.context.stat_facts import (
    FACTS_BYTES,
    UNSEEN,
    mode_of,
    pack_facts,
    same_file,
    size_of,
    sizes_of,
    unpack_each,
)
from fast_container.core.key import encode_file
from fast_container.errors import ContextChanged, ContextError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

_CHUNK_BYTES: Final = 1 << 20
_MOST_THREADS: Final = 8


class LargeFiles:
    """Reads large files in threads.

    Args:
        root: Prefix of their paths.
        before_read: Called for each file, in a thread.
    """

    def __init__(self, root: str, before_read: BeforeRead | None) -> None:
        self._root = root
        self._before_read = before_read
        self._pool: Executor | None = None
        self._running: dict[bytes, Future[str]] = {}

    def __enter__(self) -> LargeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, path: bytes, seen: bytes) -> None:
        """Read one, now or soon."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, seldom needed

            workers = min(os.cpu_count() or 1, _MOST_THREADS)
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fast-container-hash")
        self._running[path] = self._pool.submit(read_file, self._root, path, seen, self._before_read)

    def end(self) -> dict[bytes, str]:
        """Path → digest of the files that were read."""
        return {path: result.result() for path, result in self._running.items()}


def read_file(root: str, path: bytes, seen: bytes, before_read: BeforeRead | None = None) -> str:
    """Read a file in pieces and return ``sha256:<hex>``.

    Args:
        root: Prefix of its path.
        path: The file.
        seen: The stat facts of the look before: the content must belong to that file, unchanged to the last byte read.
        before_read: Called before its first byte is read.

    Raises:
        ContextError: It cannot be read, or changed since then or while it was read.
    """
    shown = path_text(path)
    size, length = size_of(seen), 0
    digest = hashlib.sha256()
    try:
        descriptor = os.open(root + on_disk(shown), OPEN_FLAGS)
        try:
            if before_read is not None:
                _, _, ctime_ns, inode, device, _ = next(unpack_each(seen))
                before_read(descriptor, device, inode, ctime_ns)
            # Read until the file ends, not until the size that the look before found.
            while length <= size and (data := os.read(descriptor, _CHUNK_BYTES)):
                digest.update(data)
                length += len(data)
            facts = pack_facts(os.fstat(descriptor))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(shown, root, "file", error) from error
    if length != size or not same_file(seen, facts):
        raise changed(shown, root)
    return f"sha256:{digest.hexdigest()}"


def read_files(
    root: str, paths: Sequence[bytes], facts: bytes, before_read: BeforeRead | None = None
) -> tuple[bytes, list[bytes]]:
    """Read files and return their facts, joined, and the encoded entry of each (``core.key.encode_file``).

    Args:
        root: Prefix of each path.
        paths: The files.
        facts: The stat facts of each, joined (``core.context.stat_facts``).
        before_read: Called for each file, of large ones in threads; None for nothing.

    Raises:
        ContextError: One cannot be read, or changed since then or while it was read.
    """
    with LargeFiles(root, before_read) as large:
        for number, size in enumerate(sizes_of(facts)):
            if size >= LARGE_BYTES:
                large.begin(paths[number], _one_of(facts, number))
        small, looks = digests(
            os.fsencode(root), paths, facts, before_read, lambda n, seen: large.begin(paths[n], seen)
        )
        known = large.end()
    encoded: list[bytes] = []
    for number, (path, content) in enumerate(zip(paths, small, strict=True)):
        if content != UNREAD:
            digest = b"sha256:" + hexlify(content)
        else:
            if looks[number] == UNSEEN:
                looks[number] = _look(root, path)
            digest = (known.get(path) or read_file(root, path, looks[number])).encode()
        encoded.append(encode_file(path, mode_of(looks[number]), digest))
    return b"".join(looks), encoded


def _look(root: str, path: bytes) -> bytes:
    """Look at a file that could not be read, to find out why."""
    shown = path_text(path)
    try:
        found = os.lstat(root + on_disk(shown))
    except OSError as error:
        raise unreadable(shown, root, "file", error) from error
    if not stat.S_ISREG(found.st_mode):
        raise changed(shown, root)  # It was listed as a file.
    return pack_facts(found)


def _one_of(facts: bytes, number: int) -> bytes:
    return facts[number * FACTS_BYTES : (number + 1) * FACTS_BYTES]


def changed(path: str, root: str) -> ContextChanged:
    """Make the error for a file that changed.

    Args:
        path: Relative to the root.
        root: The context's root.
    """
    return ContextChanged(
        "A file of the build context changed while it was read.",
        path=path,
        root=root,
        why="the build key was computed from its earlier content",
        next_step="Run again when nothing writes to it, or name it in the ignore file.",
    )


def impossible(path: str) -> ContextError:
    """Make the error for something that is not a file, directory or link."""
    return ContextError(
        "A build context can only hold files, directories and links.",
        path=path,
        why="it is a named pipe, a socket or a device",
        next_step="Remove it, or name it in the ignore file.",
    )


def unreadable(path: str, root: str, kind: str, error: OSError) -> ContextError:
    """Make the error for something that cannot be looked at or read.

    Args:
        path: Relative to the root.
        root: The context's root.
        kind: ``file``, ``directory`` or ``link``.
        error: The system's error.
    """
    if isinstance(error, FileNotFoundError):
        return changed(path, root)
    return ContextError(
        f"A {kind} of the build context cannot be read.",
        path=path or root,
        why=error.strerror or str(error),
        next_step="Make it readable, or name it in the ignore file.",
    )
