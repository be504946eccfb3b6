"""Stands for a forked process where its parent has started one: same standard streams, signals, end and exit code.

Usage: ``python -I -S starter.py SOCKET PYTHON ARGUMENT…``. Hands its arguments, environment, folder and streams to the
server, which forks; where the fork refuses, becomes the plain interpreter. Killed, it takes the fork along, since the
server sees its connection end. Imports only what is fast: a tenth of a fresh interpreter's start is saved here again.
"""

import _signal as signal
import _socket
import marshal
import os
import sys

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LENGTH_BYTES = 4
ANSWER_BYTES = 5
REFUSED, STARTED, ENDED = b"r", b"s", b"e"


def main(place: str, python: str, *arguments: str) -> None:
    """Have the server fork, and end as the fork does."""
    # Until it is known which process a signal is for, it waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(place)
    except OSError:
        become_plain(python, arguments)
    request = marshal.dumps(([python, *arguments], dict(os.environb), os.getcwdb(), umask()))
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg(
        [len(request).to_bytes(LENGTH_BYTES, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
    )
    connection.sendall(request)
    word, process = answer(connection)
    if word == REFUSED:
        connection.close()
        become_plain(python, arguments)
    for number in FORWARDED:
        signal.signal(number, lambda got, _frame: kill(process, got))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    # Who reads them waits for the last one that has them open, and the fork may close its own.
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    _, code = answer(connection)
    if code < 0:
        if -code in FORWARDED:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def answer(connection: _socket.socket) -> tuple[bytes, int]:
    """A word and its number; the end of the server is the end of the fork, by SIGKILL."""
    got = b""
    while len(got) < ANSWER_BYTES:
        more = connection.recv(ANSWER_BYTES - len(got))
        if not more:
            return ENDED, -signal.SIGKILL
        got += more
    return got[:1], int.from_bytes(got[1:], "big", signed=True)


def message(word: bytes, number: int) -> bytes:
    """A word and its number as they are sent."""
    return word + number.to_bytes(ANSWER_BYTES - 1, "big", signed=True)


def become_plain(python: str, arguments: tuple[str, ...]) -> None:
    """Replace this process by the interpreter that was asked for."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    os.execv(python, [python, *arguments])


def kill(process: int, number: int) -> None:
    """Send a signal on; the fork may have ended."""
    try:  # noqa: SIM105 - contextlib would cost start-up time
        os.kill(process, number)
    except ProcessLookupError:
        pass


def umask() -> int:
    """The file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


if __name__ == "__main__":
    main(*sys.argv[1:])
