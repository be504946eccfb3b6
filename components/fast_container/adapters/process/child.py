"""Child processes that never outlive this program.

Decides how a command is started and ended: under ``adapters.process.process_guard``, in a session of its own, so that
a Ctrl-C in the terminal does not reach it and the death of this program, even by SIGKILL, ends it. A command that makes
a session of its own escapes; no command that we start does. Leaves what to run to its callers.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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

    Raises:
        TimeoutError: It was stopped because of ``timeout_s``.
    """
    remove = [remove_on_stop] if isinstance(remove_on_stop, str | Path) else remove_on_stop
    control, lifeline = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_GUARD), ",".join(map(str, (control, *held))), str(grace_s)),
            *(str(len(remove)), *map(str, remove)),
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
            pass_fds=(control, *held),
            start_new_session=True,
        )
    except BaseException:
        os.close(lifeline)
        raise
    finally:
        os.close(control)
    assert process.stdout is not None
    assert process.stderr is not None
    work = asyncio.gather(
        _lines(process.stdout, on_stdout_line), _lines(process.stderr, on_stderr_line), process.wait()
    )
    try:
        async with asyncio.timeout(timeout_s):
            await asyncio.shield(work)
    finally:
        os.close(lifeline)
        while not work.done():
            # The group is ending; a second cancellation must not leave it running unawaited.
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        if process.returncode is None:
            await process.wait()
    assert process.returncode is not None
    return process.returncode


async def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | Path | None = None,
    timeout_s: float | None = None,
    held: Sequence[int] = (),
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
    )
    return Completed(code, "\n".join(stdout), "\n".join(stderr))


async def _lines(stream: asyncio.StreamReader, on_line: OnLine) -> None:
    """Read lines of any length: asyncio's own reader stops at 64 KiB, and one of BuildKit's may be longer."""
    parts: list[bytes] = []
    while chunk := await stream.read(_CHUNK_BYTES):
        *ended, rest = chunk.split(b"\n")
        if ended:
            on_line(_text(b"".join((*parts, ended[0]))))
            for line in ended[1:]:
                on_line(_text(line))
            parts = []
        if rest:
            parts.append(rest)
    if parts:
        on_line(_text(b"".join(parts)))


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
