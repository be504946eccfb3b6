"""A server that answers with exactly the bytes that a test says, for what no HTTP library would ever send."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

RESET = b"(reset)"
"""Instead of a piece: hang up at once, without a word of an end."""


@dataclass
class RawServer:
    """What it was asked, and where it is.

    Attributes:
        answers: What each connection gets, in pieces; the last one stays. Then it hangs up.
        pause_s: Between two pieces.
        waits: Whether it then waits for the other side to hang up.
        left: Set once the other side has hung up before an answer was sent.
    """

    answers: list[Iterable[bytes]]
    pause_s: float = 0.0
    waits: bool = False
    port: int = 0
    left: threading.Event = field(default_factory=threading.Event)
    requests: list[bytes] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


def whole(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer with the headers that are given, and its true length unless another one is."""
    named = {"Content_Length": str(len(body)), "Connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} X", *(f"{name.replace('_', '-')}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def raw_server(*answers: bytes | Iterable[bytes], pause_s: float = 0.0, waits: bool = False) -> Generator[RawServer]:
    """A running server."""
    server = RawServer([[one] if isinstance(one, bytes) else one for one in answers], pause_s, waits)
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
                threading.Thread(target=_answer, args=(server, connection, answer, stopped.is_set), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopped.set()
        # Wakes the accept.
        with contextlib.suppress(OSError), socket.create_connection(listener.getsockname()):
            pass
        listener.close()
        thread.join()


def _answer(server: RawServer, connection: socket.socket, answer: Iterable[bytes], stopped: Callable[[], bool]) -> None:
    with connection, contextlib.suppress(OSError):
        request = b""
        while b"\r\n\r\n" not in request:
            if not (piece := connection.recv(65536)):
                return
            request += piece
        server.requests.append(request)
        try:
            for piece in answer:
                if stopped():
                    return
                if piece is RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                connection.sendall(piece)
                time.sleep(server.pause_s)
        except OSError:
            server.left.set()
        if server.waits:
            connection.recv(1)
