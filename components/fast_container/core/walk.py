"""The files under the roots of a program's build contexts, each looked at once.

Decides how a directory is listed, what a file's facts are and when its content is read: a directory is listed when a
selection first needs it, a file is opened when its digest is first needed, and both are kept for every image of the
program that reads the same root. Leaves which of them count to ``core.view`` and ``core.selection``, and remembering
digests between runs to a ``StatCache`` (``adapters.stat_cache``).

A tree is a picture of one moment. A file that changes while it is read is refused by its name; one that changes later
is refused when it is staged.
"""

# Paths are texts with surrogate escapes, and many of them: pathlib is too slow.
# ruff: noqa: PTH115

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from threading import RLock
from typing import TYPE_CHECKING, Protocol

from fast_container.core.entry import MODE_EXECUTABLE, MODE_PLAIN
from fast_container.core.node import Node, kind_of
from fast_container.errors import ContextError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_CHUNK_BYTES = 1 << 20
# Below this the lock of the interpreter is what a file costs, and threads only get in each other's way.
_LARGE_BYTES = 1 << 20
_MOST_THREADS = 8
# What takes seconds to read again; less is remembered when the program's last image was selected.
_MUCH_BYTES = 1 << 30
_DIR_MODE = 0o755
_LINK_MODE = 0o777
_MODES = {0: MODE_PLAIN, stat.S_IXUSR: MODE_EXECUTABLE}


class StatCache(Protocol):
    """What is remembered of one root's files between runs."""

    def get(self, path: str, facts: os.stat_result) -> str | None:
        """The content's ``sha256:<hex>`` when the facts are those it was read under, else None."""
        ...

    def put(self, path: str, facts: os.stat_result, digest: str) -> None:
        """Remember a digest that was read while the facts held."""
        ...

    def save(self) -> None:
        """Write what is new; a cache that cannot be written is no error."""
        ...


class StatCaches(Protocol):
    """Gives each root its cache."""

    def open(self, root: str) -> StatCache:
        """The cache of that root; empty when there is none or it is damaged."""
        ...


class Tree:
    """One root, its names and digests as far as they were needed.

    All methods want ``lock`` to be held; a selection holds it from its first look to its last digest.
    """

    def __init__(self, root: str, cache: StatCache | None = None) -> None:
        self.root = root
        self.lock = RLock()
        self.top = Node("", None, "dir", None)
        self._cache = cache
        self._prefix = root if root.endswith("/") else f"{root}/"
        self.files_hashed = 0
        self._unsaved_files = 0
        self._unsaved_bytes = 0

    def children(self, node: Node) -> dict[str, Node]:
        """The names of a directory, in no order.

        Raises:
            ContextError: The directory cannot be listed.
        """
        known = node.children
        if known is not None:
            return known
        found: dict[str, Node] = {}
        prefix = f"{node.path}/" if node.path else ""
        try:
            with os.scandir(self.absolute(node.path)) as listing:
                for listed in listing:
                    name = listed.name
                    found[name] = Node(prefix + name, node, kind_of(listed), listed)
        except OSError as error:
            raise _unreadable(node.path, self.root, "directory", error) from error
        node.children = found
        return found

    def link_target(self, node: Node) -> str:
        """A link's text."""
        if not node.frames:
            self._finish_link(node)
        return node.target

    def complete(self, nodes: Iterable[Node]) -> None:
        """Find out what counts of these nodes, reading the contents that no cache knows.

        Raises:
            ContextError: Something cannot be read, changed while it was read, or is no file, directory or link.
        """
        known = self._cache.get if self._cache is not None else _unknown
        with _LargeFiles(self._read) as large:
            for node in nodes:
                if node.frames:
                    continue
                if node.kind == "file":
                    facts = self._look(node)
                    digest = known(node.path, facts)
                    if digest is None:
                        if facts.st_size >= _LARGE_BYTES:
                            large.begin(node, facts)
                            continue
                        digest = self._read(node.path, facts)
                        self._remember(node.path, facts, digest)
                    node.finish(_MODES[facts.st_mode & stat.S_IXUSR], facts.st_size, digest)
                elif node.kind == "dir":
                    node.finish(_DIR_MODE, 0, "")
                elif node.kind == "symlink":
                    self._finish_link(node)
                else:
                    raise _impossible(node.path)
            for node, facts, digest in large.end():
                self._remember(node.path, facts, digest)
                node.finish(_MODES[facts.st_mode & stat.S_IXUSR], facts.st_size, digest)

    def save(self) -> None:
        """Let the cache write what was learnt."""
        with self.lock:
            if self._cache is not None and self._unsaved_files:
                self._cache.save()
                self._unsaved_files = self._unsaved_bytes = 0

    def save_if_worth_it(self) -> None:
        """Let the cache write when much was learnt since it last did, lest a run that is killed loses it."""
        if self._unsaved_bytes >= _MUCH_BYTES:
            self.save()

    def absolute(self, path: str) -> str:
        """Where a path of this tree lies."""
        return self._prefix + path if path else self.root

    def _look(self, node: Node) -> os.stat_result:
        listed = node.listed
        assert listed is not None
        try:
            return listed.stat(follow_symlinks=False)
        except OSError as error:
            raise _unreadable(node.path, self.root, "file", error) from error

    def _read(self, path: str, facts: os.stat_result) -> str:
        try:
            return read_digest(self._prefix + path, path, facts)
        except OSError as error:
            raise _unreadable(path, self.root, "file", error) from error

    def _remember(self, path: str, facts: os.stat_result, digest: str) -> None:
        self.files_hashed += 1
        self._unsaved_files += 1
        self._unsaved_bytes += facts.st_size
        if self._cache is not None:
            self._cache.put(path, facts, digest)

    def _finish_link(self, node: Node) -> None:
        try:
            target = os.readlink(self.absolute(node.path))
        except OSError as error:
            raise _unreadable(node.path, self.root, "link", error) from error
        data = target.encode("utf-8", "surrogateescape")
        node.finish(_LINK_MODE, len(data), f"sha256:{hashlib.sha256(data).hexdigest()}", target)


class _LargeFiles:
    """Reads large files in threads, beside the small ones; a thread costs more than a small file does."""

    def __init__(self, read: Callable[[str, os.stat_result], str]) -> None:
        self._read = read
        self._pool: Executor | None = None
        self._running: list[tuple[Node, os.stat_result, Future[str]]] = []

    def __enter__(self) -> _LargeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, node: Node, facts: os.stat_result) -> None:
        """Read one, now or soon."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, seldom needed

            workers = min(os.cpu_count() or 1, _MOST_THREADS)
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fast-container-hash")
        self._running.append((node, facts, self._pool.submit(self._read, node.path, facts)))

    def end(self) -> Iterator[tuple[Node, os.stat_result, str]]:
        """What was read, in the order in which it was begun."""
        for node, facts, result in self._running:
            yield node, facts, result.result()


def _unknown(_path: str, _facts: os.stat_result) -> str | None:
    return None


def read_digest(file: str, path: str, seen: os.stat_result) -> str:
    """Read a file once; its ``sha256:<hex>``.

    Args:
        file: Where it lies.
        path: What it is called in messages.
        seen: What ``lstat`` said before: the content has to belong to that file, unchanged to the last byte read.

    Raises:
        ContextError: It changed since then or while it was read.
        OSError: It cannot be read.
    """
    size = seen.st_size
    descriptor = os.open(file, OPEN_FLAGS)
    try:
        # One byte more than there should be, so that an end is seen without asking again.
        data = os.read(descriptor, size + 1 if size < _CHUNK_BYTES else _CHUNK_BYTES)
        length = len(data)
        digest = hashlib.sha256(data)
        if size >= _CHUNK_BYTES:
            while data and length <= size:
                data = os.read(descriptor, _CHUNK_BYTES)
                digest.update(data)
                length += len(data)
        facts = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if length != size or not same_file(seen, facts):
        raise changed(path)
    return f"sha256:{digest.hexdigest()}"


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether two looks saw one file that nobody touched between them; a change of mode sets ctime, too."""
    return (
        one.st_ctime_ns == other.st_ctime_ns
        and one.st_mtime_ns == other.st_mtime_ns
        and one.st_size == other.st_size
        and one.st_ino == other.st_ino
    )


def changed(path: str) -> ContextError:
    """The refusal of a file that did not hold still."""
    return ContextError(
        "A file of the build context changed while it was read.",
        path=path,
        why="It is no longer what the build key was computed from.",
        next_step="Run again when nothing writes to it, or name it in the ignore file.",
    )


def _impossible(path: str) -> ContextError:
    return ContextError(
        "A build context can only hold files, directories and links.",
        path=path,
        why="It is a named pipe, a socket or a device.",
        next_step="Remove it, or name it in the ignore file.",
    )


def _unreadable(path: str, root: str, kind: str, error: OSError) -> ContextError:
    if isinstance(error, FileNotFoundError):
        return changed(path)
    return ContextError(
        f"A {kind} of the build context cannot be read.",
        path=path or root,
        why=error.strerror or str(error),
        next_step="Make it readable, or name it in the ignore file.",
    )
