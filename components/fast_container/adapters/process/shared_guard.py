"""One guard process for all builds of a program: a guard for each costs as much as a quarter of a small build.

Decides that it starts with the first command, and anew if it is gone. It ends commands as
``adapters.process.process_guard`` does: all of them when this program dies, by whatever means. Leaves what becomes of
their output and exit codes to ``adapters.process.child``.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from fast_container.adapters.process.child import Command, Lines, OnLine

_PROGRAM: Final = Path(__file__).with_name("shared_guard_program.py")
_LENGTH: Final = struct.Struct(">I")
_CHUNK_BYTES: Final = 1 << 16
_ENDS_S: Final = 0.5
# The exit code of a command whose guard was killed.
_KILLED: Final = 128 + 9


class SharedGuard:
    """Starts commands under one guard; for one event loop at a time."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None

    def start(self, command: Command, on_stdout_line: OnLine, on_stderr_line: OnLine) -> SharedCommand:
        """Start a command; satisfies ``adapters.process.child.Guard``."""
        request = json.dumps(_request_of(command)).encode()
        pipes = [os.pipe() for _ in range(4)]
        (control, lifeline), *outputs = pipes
        given = [control, *(written for _, written in outputs)]
        try:
            self._send(request, [*given, *command.held])
        except BaseException:
            for descriptor in (lifeline, *(read for read, _ in outputs)):
                os.close(descriptor)
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        status, stdout, stderr = (read for read, _ in outputs)
        return SharedCommand(lifeline, status, (stdout, on_stdout_line), (stderr, on_stderr_line))

    def _send(self, document: bytes, descriptors: Sequence[int]) -> None:
        data = _LENGTH.pack(len(document)) + document
        if self._channel is not None:
            try:
                _send_all(self._channel, data, descriptors)
            except OSError:
                self._channel = None  # The guard was killed.
            else:
                return
        self._channel = self._started()
        _send_all(self._channel, data, descriptors)

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        weakref.finalize(self, _end, ours, process)
        return ours


class SharedCommand:
    """A running command; satisfies ``adapters.process.child.Started``."""

    def __init__(self, lifeline: int, status: int, *outputs: tuple[int, OnLine]) -> None:
        self.lifeline = lifeline
        self._code = bytearray()
        self._status = _Pipe(status, self._code.extend, lambda: None)
        each = [(descriptor, Lines(on_line)) for descriptor, on_line in outputs]
        self._outputs = [_Pipe(descriptor, lines.feed, lines.end) for descriptor, lines in each]

    async def read(self) -> None:
        """Wait until its output has ended; raises what a line's receiver has raised."""
        await asyncio.gather(*(asyncio.shield(pipe.ended) for pipe in self._outputs))

    async def wait(self) -> int:
        """Wait for its exit code."""
        await asyncio.shield(self._status.ended)
        return int(self._code) if self._code else _KILLED

    def close(self) -> None:
        """Read no more of it."""
        for pipe in (self._status, *self._outputs):
            pipe.close()


class _Pipe:
    """The read end of a pipe, read as its data comes.

    Args:
        descriptor: Closed at the end of the pipe.
        feed: Gets its data.
        end: Called at its end.

    Attributes:
        ended: Has a result at the end of the pipe, or what ``feed`` or ``end`` has raised; nothing is fed after that.
    """

    def __init__(self, descriptor: int, feed: Callable[[bytes], object], end: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._feed, self._end = feed, end
        self.ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._ready)

    def close(self) -> None:
        """Read no more."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        if not self.ended.cancel() and not self.ended.cancelled():
            self.ended.exception()  # It may not be awaited any more.

    def _ready(self) -> None:
        try:
            chunk = os.read(self._descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return
        if not self.ended.done():
            try:
                if chunk:
                    self._feed(chunk)
                else:
                    self._end()
                    self.ended.set_result(None)
            except Exception as error:
                self.ended.set_exception(error)
        if not chunk:
            self.close()


def _request_of(command: Command) -> dict[str, Any]:
    """Make the document that the guard reads; strings are the system's bytes, as Latin-1."""
    return {
        "argv": [_coded(word) for word in command.argv],
        "env": {_coded(name): _coded(value) for name, value in command.env.items()},
        "cwd": _coded(command.cwd or Path.cwd()),
        "grace_s": command.grace_s,
        "remove": [_coded(directory) for directory in command.remove_on_stop],
    }


def _coded(string: str | Path) -> str:
    return os.fsencode(string).decode("latin-1")


def _send_all(channel: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    sent = socket.send_fds(channel, [data], descriptors)
    channel.sendall(data[sent:])


def _end(channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """End a guard that nothing uses any more."""
    channel.close()
    try:
        process.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # It ends with its last command; nothing waits for it.
