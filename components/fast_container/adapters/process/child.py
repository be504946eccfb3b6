"""Child processes that never outlive this program.

Decides how a command is started and ended: under ``adapters.process.process_guard`` or, where there are many,
``adapters.process.shared_guard``, in another session, so that a Ctrl-C in the terminal does not reach it and the death
of this program, even by SIGKILL, ends it. A command that makes a session of its own escapes; no command that we start
does. Leaves what to run to its callers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

GRACE_S = 5.0
_GUARD = Path(__file__).with_name("process_guard.py")
_CHUNK_BYTES = 1 << 16

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended by itself.

    Attributes:
        code: Its exit code; 128 + the number of a signal that ended it; 127 if it does not exist.
        stdout: Its decoded output.
        stderr: Its decoded error output.
    """

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command to be guarded; ``run`` has its fields."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str | Path | None
    grace_s: float
    remove_on_stop: Sequence[str | Path]
    held: Sequence[int]


class Started(Protocol):
    """A command that was started."""

    @property
    def lifeline(self) -> int:
        """Closed to end it."""
        ...

    async def read(self) -> None:
        """Read its output to the end."""
        ...

    async def wait(self) -> int:
        """Wait for its exit code."""
        ...

    def close(self) -> None:
        """Read no more of it."""
        ...


class Guard(Protocol):
    """Ends its commands when this program has died."""

    def start(self, command: Command, on_stdout_line: OnLine, on_stderr_line: OnLine) -> Started:
        """Start one."""
        ...


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | Path | None = None,
    on_stdout_line: OnLine = lambda _: None,
    on_stderr_line: OnLine = lambda _: None,
    timeout_s: float | None = None,
    grace_s: float = GRACE_S,
    remove_on_stop: str | Path | Sequence[Path] = (),
    held: Sequence[int] = (),
    guard: Guard | None = None,
) -> int:
    """Run a command to its end and return its exit code.

    Cancelling stops the whole process group and waits for its end.

    Args:
        argv: The command; a name without a slash is looked up on ``env``'s PATH.
        env: Its whole environment.
        cwd: Its working directory; this program's by default.
        on_stdout_line: Gets each line, without its end, in the event loop.
        on_stderr_line: As ``on_stdout_line``.
        timeout_s: After so many seconds it is stopped.
        grace_s: Seconds between SIGTERM and SIGKILL.
        remove_on_stop: Directories that are removed when the command was stopped, also by our own death.
        held: Open files, such as locks, that stay open until the command has ended, even if we die before it.
        guard: Guards it with others; by default it has its own.

    Raises:
        TimeoutError: It was stopped because of ``timeout_s``.
    """
    remove = [remove_on_stop] if isinstance(remove_on_stop, str | Path) else remove_on_stop
    command = Command(argv, env, cwd, grace_s, remove, held)
    started: Started = (
        guard.start(command, on_stdout_line, on_stderr_line)
        if guard is not None
        else await _alone(command, on_stdout_line, on_stderr_line)
    )
    work = asyncio.gather(started.read(), started.wait())
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(work)
    finally:
        os.close(started.lifeline)
        while not work.done():
            # The group is ending; a second cancellation must not leave it running unawaited.
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        try:
            code = await started.wait()
        finally:
            started.close()
    return code


class _Guarded:
    """A command under a guard of its own."""

    def __init__(self, process: asyncio.subprocess.Process, lifeline: int, *on_line: OnLine) -> None:
        self.lifeline = lifeline
        self._process = process
        self._on_line = on_line

    async def read(self) -> None:
        streams = self._process.stdout, self._process.stderr
        await asyncio.gather(*(_read(stream, on_line) for stream, on_line in zip(streams, self._on_line, strict=True)))

    async def wait(self) -> int:
        return await self._process.wait()

    def close(self) -> None:
        pass


async def _alone(command: Command, *on_line: OnLine) -> _Guarded:
    remove, held = command.remove_on_stop, command.held
    words = [str(command.grace_s), str(len(remove)), *map(str, remove), *command.argv]
    control, lifeline = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_GUARD), ",".join(map(str, (control, *held))), *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(command.env),
            cwd=command.cwd,
            pass_fds=(control, *held),
            start_new_session=True,
        )
    except BaseException:
        os.close(lifeline)
        raise
    finally:
        os.close(control)
    return _Guarded(process, lifeline, *on_line)


async def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | Path | None = None,
    timeout_s: float | None = None,
    held: Sequence[int] = (),
    guard: Guard | None = None,
) -> Completed:
    """Like ``run``, with the output collected."""
    stdout: list[str] = []
    stderr: list[str] = []
    code = await run(
        argv,
        env=env,
        cwd=cwd,
        on_stdout_line=stdout.append,
        on_stderr_line=stderr.append,
        timeout_s=timeout_s,
        held=held,
        guard=guard,
    )
    return Completed(code, "\n".join(stdout), "\n".join(stderr))


async def _read(stream: asyncio.StreamReader | None, on_line: OnLine) -> None:
    assert stream is not None
    lines = Lines(on_line)
    while chunk := await stream.read(_CHUNK_BYTES):
        lines.feed(chunk)
    lines.end()


class Lines:
    """Splits output into lines of any length: asyncio's own reader stops at 64 KiB."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        *ended, rest = chunk.split(b"\n")
        if ended:
            ended[0] = b"".join((*self._parts, ended[0]))
            self._parts = []
        if rest:
            self._parts.append(rest)
        for line in ended:
            self._on_line(_text(line))

    def end(self) -> None:
        """Take the end: what is left is a line, too."""
        if self._parts:
            self._on_line(_text(b"".join(self._parts)))
            self._parts = []


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
