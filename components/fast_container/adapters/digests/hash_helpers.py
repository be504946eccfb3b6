"""Digests of many small files at once: in this process and in helper processes beside it.

Decides when helpers are worth their start, how many there are, and how the files are dealt out: in batches, to the next
helper that is ready. Threads would not help, because a small file costs mostly the interpreter's work, and that is done
by one thread at a time. Leaves reading to ``core.context.small_files``, which a helper runs alone, without the package,
start-up files and Python's variables.

A helper that cannot be started, dies or answers something unexpected costs only time: its batch is read here. It ends
with its input, which ends with this process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Final

from fast_container.core.context import small_files
from fast_container.core.context.small_files import DIGEST_BYTES, HELLO, QUESTION, digests
from fast_container.core.context.stat_facts import FACTS_BYTES

# A helper is ready after some 20 ms, in which a thousand files can be read.
WORTH_HELP: Final = 2_000
_FILES_A_HELPER: Final = 1_000
_MOST_HELPERS: Final = 7
# Small enough that the last batch is short; large enough that asking costs nothing.
_BATCH: Final = 128


def digests_with_help(root: bytes, paths: Sequence[bytes], facts: bytes) -> list[bytes]:
    """Like ``core.context.small_files.digests``, but quicker with much to read and more than one processor."""
    helpers = min(_processors() - 1, len(paths) // _FILES_A_HELPER, _MOST_HELPERS)
    if helpers < 1 or len(paths) < WORTH_HELP or not _can_start():
        return digests(root, paths, facts)
    return _Shared(root, paths, facts).read(helpers)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _can_start() -> bool:
    """Whether the interpreter can run files; a frozen program would start itself, and an archive has no files."""
    return bool(sys.executable) and not getattr(sys, "frozen", False) and os.path.isfile(small_files.__file__)  # noqa: PTH113


class _Shared:
    """Files that are dealt out in batches."""

    def __init__(self, root: bytes, paths: Sequence[bytes], facts: bytes) -> None:
        self._root = root
        self._paths = paths
        self._facts = facts
        self._starts = iter(range(0, len(paths), _BATCH))
        self._lock = threading.Lock()
        self._found: dict[int, Sequence[bytes]] = {}

    def read(self, most: int) -> list[bytes]:
        """Read all, with at most so many helpers."""
        helpers = [_Helper() for _ in range(most)]
        threads = [threading.Thread(target=self._read_beside, args=(helper,)) for helper in helpers]
        try:
            for thread in threads:
                thread.start()
            while (start := self._next()) is not None:
                self._found[start] = digests(self._root, *self._batch(start))
        except BaseException:
            with self._lock:
                self._starts = iter(())
            for helper in helpers:
                helper.stop()
            raise
        finally:
            for thread in threads:
                thread.join()
        # Read the batch of a helper that failed.
        for start in range(0, len(self._paths), _BATCH):
            if start not in self._found:
                self._found[start] = digests(self._root, *self._batch(start))
        return [digest for start in sorted(self._found) for digest in self._found[start]]

    def _read_beside(self, helper: _Helper) -> None:
        try:
            helper.begin()
            while (start := self._next()) is not None:
                self._found[start] = helper.ask(self._root, *self._batch(start))
        except (OSError, ValueError):
            return
        finally:
            helper.end()

    def _next(self) -> int | None:
        with self._lock:
            return next(self._starts, None)

    def _batch(self, start: int) -> tuple[Sequence[bytes], bytes]:
        end = start + _BATCH
        return self._paths[start:end], self._facts[start * FACTS_BYTES : end * FACTS_BYTES]


class _Helper:
    """A process that runs ``core.context.small_files``."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it; raises OSError or ValueError when that does not work."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", small_files.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if self._receive(len(HELLO)) != HELLO:
            raise ValueError

    def ask(self, root: bytes, paths: Sequence[bytes], facts: bytes) -> list[bytes]:
        """Call ``small_files.digests`` in the helper; raises OSError or ValueError if there is no answer."""
        assert self._process is not None and self._process.stdin is not None
        joined = b"\0".join(paths)
        question = QUESTION.pack(len(root), len(joined), len(facts)) + root + joined + facts
        self._process.stdin.write(question)
        self._process.stdin.flush()
        answer = self._receive(len(paths) * DIGEST_BYTES)
        return [answer[at : at + DIGEST_BYTES] for at in range(0, len(answer), DIGEST_BYTES)]

    def stop(self) -> None:
        """Kill the process. Thread-safe."""
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """Kill the process and wait for its end."""
        self.stop()
        if self._process is not None:
            self._process.communicate()

    def _receive(self, length: int) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        data = self._process.stdout.read(length)
        if len(data) != length:
            raise ValueError
        return data
