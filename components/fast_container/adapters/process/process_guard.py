"""Runs a command and ends it when its parent is gone; a program of its own, started by ``adapters.process.child``.

Usage: ``python -I -S process_guard.py FD[,HELD…] GRACE_S COUNT REMOVE… COMMAND…``. FD is the read end of a pipe that
only the parent holds open for writing: end of file means that the parent closed it to stop us, or died, even by
SIGKILL. HELD are files, such as locks, that stay open here until the command has ended; the command does not get them.
The command runs in a process group of its own; the group gets SIGTERM, and SIGKILL after GRACE_S seconds. Processes of
the group that outlive the command are killed too. COUNT directories REMOVE are removed after a stop, since a parent
that died cannot. Exits with the command's exit code, or 128 + the signal that ended it.

Works alike on Linux and macOS: no /proc, no prctl. Only modules that start fast, since each build starts this program:
``signal`` costs as much as half of Python's own start (it imports ``enum``), so its C module is used. Not imported by
anything.
"""

import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

_STOPPED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Run the command and return the exit code."""
    control, *held = map(int, arguments[0].split(","))
    grace_s, count = float(arguments[1]), int(arguments[2])
    remove, command = arguments[3 : 3 + count], arguments[3 + count :]
    for descriptor in (control, *held):
        os.set_inheritable(descriptor, False)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, *_STOPPED):
        signal.signal(number, _wake)
    try:
        group = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            setpgroup=0,
            setsigmask=[],
            setsigdef=[signal.SIGCHLD, signal.SIGPIPE, *_STOPPED],
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126
    kill_at: float | None = None
    while True:
        ended, status = os.waitpid(group, os.WNOHANG)
        if ended:
            _signal_group(group, signal.SIGKILL)
            if remove and kill_at is not None:
                _remove(remove)
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if kill_at is not None and time.monotonic() >= kill_at:
            _signal_group(group, signal.SIGKILL)
            kill_at = time.monotonic() + 1.0
        watched = [woken] if kill_at is not None else [woken, control]
        ready = select.select(watched, [], [], None if kill_at is None else max(0.0, kill_at - time.monotonic()))[0]
        stop = control in ready
        if woken in ready:
            stop = stop or any(number in _STOPPED for number in os.read(woken, 1024))
        if stop and kill_at is None:
            _signal_group(group, signal.SIGTERM)
            kill_at = time.monotonic() + grace_s


def _remove(directories: list[str]) -> None:
    import shutil  # noqa: PLC0415 - start-up time

    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


def _wake(_number: int, _frame: object) -> None:
    """Wake the loop: the number arrives through the wake-up pipe."""


def _signal_group(group: int, number: int) -> None:
    try:  # noqa: SIM105 - contextlib would cost start-up time
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies.
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
