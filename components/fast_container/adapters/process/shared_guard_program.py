"""Runs commands and ends each when its parent wants it to, or is gone; started by ``adapters.process.shared_guard``.

Usage: ``python -I -S shared_guard_program.py FD``. FD is a stream socket of the parent's. A request is the length of a
JSON document (4 bytes), and the document: command, environment, directory, GRACE, directories to remove; strings are
bytes as Latin-1. With its first byte come descriptors: the read end of a pipe that only the parent holds open for
writing (end of file means stop: the parent closed it, or died, even by SIGKILL), a pipe for the exit code, standard
output, standard error, and files, such as locks, that stay open here until the command has ended.

What is done with each command is what ``adapters.process.process_guard`` does with its only one; that one starts
sooner, this one is started once. Ends when the socket has ended and no command is left. Not imported by anything.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import time
from typing import Any

_STOPPED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LENGTH = struct.Struct(">I")
_MOST_DESCRIPTORS = 64


class _Command:
    """A running command, the leader of its process group."""

    def __init__(self, group: int, control: int, status: int, held: list[int], request: dict[str, Any]) -> None:
        self.group = group
        self.control = control
        self.kill_at: float | None = None
        self._status = status
        self._held = held
        self._grace_s = float(request["grace_s"])
        self._remove = _encoded(request["remove"])

    def stop(self) -> None:
        """Begin to end it."""
        if self.kill_at is None:
            _signal_group(self.group, signal.SIGTERM)
            self.kill_at = time.monotonic() + self._grace_s

    def kill_when_due(self) -> None:
        """End it if it had its time."""
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            _signal_group(self.group, signal.SIGKILL)
            self.kill_at = time.monotonic() + 1.0

    def has_ended(self) -> bool:
        """Whether it has ended; then what it left is ended and removed, and the parent is told."""
        ended, status = os.waitpid(self.group, os.WNOHANG)
        if not ended:
            return False
        _signal_group(self.group, signal.SIGKILL)
        if self.kill_at is not None:
            for directory in self._remove:
                shutil.rmtree(directory, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status)
        # Before the parent is told: it takes its locks for free then.
        for descriptor in (self.control, *self._held):
            os.close(descriptor)
        _tell(self._status, code if code >= 0 else 128 - code)
        return True


def main(channel: socket.socket) -> None:
    """Serve the parent until it and all commands have ended."""
    channel.set_inheritable(False)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, *_STOPPED):
        signal.signal(number, _wake)
    commands: list[_Command] = []
    is_open = True
    while is_open or commands:
        controls = [command.control for command in commands if command.kill_at is None]
        due = [command.kill_at for command in commands if command.kill_at is not None]
        timeout_s = max(0.0, min(due) - time.monotonic()) if due else None
        ready = select.select([woken, *([channel] if is_open else []), *controls], [], [], timeout_s)[0]
        is_told = woken in ready and any(number in _STOPPED for number in os.read(woken, 1024))
        if is_told:
            is_open = False
        elif channel in ready:
            is_open = _serve(channel, commands)
        for command in commands:
            if is_told or command.control in ready:
                command.stop()
            command.kill_when_due()
        commands = [command for command in commands if not command.has_ended()]


def _serve(channel: socket.socket, commands: list[_Command]) -> bool:
    """Take one request; whether there may be another one."""
    begin, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, _MOST_DESCRIPTORS)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    head = _exactly(channel, _LENGTH.size, begin)
    text = _exactly(channel, _LENGTH.unpack(head)[0]) if head else b""
    if not text:
        # The parent died while it asked.
        for descriptor in descriptors:
            os.close(descriptor)
        return False
    request = json.loads(text)
    control, status, stdout, stderr, *held = descriptors
    try:
        commands.append(_Command(_start(request, stdout, stderr), control, status, held, request))
    except OSError as error:
        os.write(stderr, f"{request['argv'][0]}: {error.strerror}\n".encode("latin-1"))
        for descriptor in (control, *held):
            os.close(descriptor)
        _tell(status, 127 if isinstance(error, FileNotFoundError) else 126)
    finally:
        os.close(stdout)
        os.close(stderr)
    return True


def _exactly(channel: socket.socket, length: int, begin: bytes = b"") -> bytes:
    """Return so many bytes; none if the parent ended before it had sent them."""
    data = bytearray(begin)
    while len(data) < length:
        more = channel.recv(length - len(data))
        if not more:
            return b""
        data += more
    return bytes(data)


def _start(request: dict[str, Any], stdout: int, stderr: int) -> int:
    command = _encoded(request["argv"])
    environment = dict(zip(_encoded(request["env"]), _encoded(request["env"].values()), strict=True))
    os.chdir(_encoded([request["cwd"]])[0])
    # The command is looked up on this process's PATH.
    os.environb[b"PATH"] = environment.get(b"PATH", os.fsencode(os.defpath))
    return os.posix_spawnp(
        command[0],
        command,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
        ],
        setpgroup=0,
        setsigmask=[],
        setsigdef=[signal.SIGCHLD, signal.SIGPIPE, *_STOPPED],
    )


def _wake(_number: int, _frame: object) -> None:
    """Wake the loop: the number arrives through the wake-up pipe."""


def _encoded(strings: Any) -> list[bytes]:
    return [string.encode("latin-1") for string in strings]


def _tell(status: int, code: int) -> None:
    # The parent may have died.
    with contextlib.suppress(OSError):
        os.write(status, str(code).encode())
    os.close(status)


def _signal_group(group: int, number: int) -> None:
    # macOS answers EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
