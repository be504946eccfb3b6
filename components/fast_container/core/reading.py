"""The content of files, read once each.

Decides how: a file is opened without following links, its facts have to be those of the look before, from the first
byte to the last; large files are read in threads, small ones one after the other, because a thread costs more than
a small file does. Leaves which files to ``core.known_files``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from fast_container.core.facts import FACTS_BYTES, counted_mode, pack_facts, same_file, size_of, unpack_each
from fast_container.core.key import encode_file
from fast_container.core.node import path_text
from fast_container.errors import ContextError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

OPEN_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_CHUNK_BYTES: Final = 1 << 20
# Below this the lock of the interpreter is what a file costs, and threads only get in each other's way.
LARGE_BYTES: Final = 1 << 20
_MOST_THREADS: Final = 8


def read_large(file: str, path: str, seen: bytes) -> str:
    """Read a file in pieces; its ``sha256:<hex>``.

    Args:
        file: Where it lies.
        path: What it is called in messages.
        seen: The facts of the look before: the content has to belong to that file, unchanged to the last byte read.

    Raises:
        ContextError: It changed since then or while it was read.
        OSError: It cannot be read.
    """
    size, length = size_of(seen), 0
    digest = hashlib.sha256()
    descriptor = os.open(file, OPEN_FLAGS)
    try:
        # Until there is no more: an end is where the file says, not where the look before did.
        while length <= size and (data := os.read(descriptor, _CHUNK_BYTES)):
            digest.update(data)
            length += len(data)
        facts = pack_facts(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    if length != size or not same_file(seen, facts):
        raise changed(path)
    return f"sha256:{digest.hexdigest()}"


class LargeFiles:
    """Reads large files in threads, beside the small ones.

    Args:
        read: Path and facts to digest.
    """

    def __init__(self, read: Callable[[str, bytes], str]) -> None:
        self._read = read
        self._pool: Executor | None = None
        self._running: list[tuple[str, Future[str]]] = []

    def __enter__(self) -> LargeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, path: str, facts: bytes) -> None:
        """Read one, now or soon."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, seldom needed

            workers = min(os.cpu_count() or 1, _MOST_THREADS)
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fast-container-hash")
        self._running.append((path, self._pool.submit(self._read, path, facts)))

    def end(self) -> dict[str, str]:
        """Path → digest of what was read."""
        return {path: result.result() for path, result in self._running}


def read_files(names: Sequence[bytes], facts: bytes, prefix: bytes, root: bytes, large: LargeFiles) -> list[bytes]:
    """Read files of one directory; what counts of each (``core.key.encode_file``), nothing yet of a large one.

    Args:
        names: The files.
        facts: Theirs, joined, as ``read_large`` has them.
        prefix: What stands before their names in the context.
        root: What stands before that.
        large: Gets the large ones to read.

    Raises:
        ContextError: One cannot be read, changed since then or while it was read.
    """
    frames: list[bytes] = []
    for name, (size, mtime_ns, ctime_ns, inode, _, mode) in zip(names, unpack_each(facts), strict=True):
        path = prefix + name
        if size >= LARGE_BYTES:
            large.begin(path_text(path), _one_of(facts, len(frames)))
            frames.append(b"")
            continue
        try:
            file = os.open(root + path, OPEN_FLAGS)
            try:
                # One byte more than there should be, so that an end is seen without asking again.
                data = os.read(file, size + 1)
                now = os.fstat(file)
            finally:
                os.close(file)
        except OSError as error:
            raise unreadable(path_text(path), path_text(root), "file", error) from error
        # As ``same_file``, without making facts of what is nearly always the same.
        is_same = now.st_ctime_ns == ctime_ns and now.st_mtime_ns == mtime_ns and now.st_ino == inode
        if not is_same and not same_file(pack_facts(now), _one_of(facts, len(frames))):
            raise changed(path_text(path))
        if len(data) != size or now.st_size != size:
            raise changed(path_text(path))
        frames.append(encode_file(path, counted_mode(mode), f"sha256:{hashlib.sha256(data).hexdigest()}"))
    return frames


def _one_of(facts: bytes, number: int) -> bytes:
    return facts[number * FACTS_BYTES : (number + 1) * FACTS_BYTES]


def changed(path: str) -> ContextError:
    """The refusal of a file that did not hold still."""
    return ContextError(
        "A file of the build context changed while it was read.",
        path=path,
        why="It is no longer what the build key was computed from.",
        next_step="Run again when nothing writes to it, or name it in the ignore file.",
    )


def impossible(path: str) -> ContextError:
    """The refusal of what is no file, directory or link."""
    return ContextError(
        "A build context can only hold files, directories and links.",
        path=path,
        why="It is a named pipe, a socket or a device.",
        next_step="Remove it, or name it in the ignore file.",
    )


def unreadable(path: str, root: str, kind: str, error: OSError) -> ContextError:
    """The refusal of what cannot be looked at or read.

    Args:
        path: Relative to the root.
        root: The context's root.
        kind: ``file``, ``directory`` or ``link``.
        error: What the system said.
    """
    if isinstance(error, FileNotFoundError):
        return changed(path)
    return ContextError(
        f"A {kind} of the build context cannot be read.",
        path=path or root,
        why=error.strerror or str(error),
        next_step="Make it readable, or name it in the ignore file.",
    )
