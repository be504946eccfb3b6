"""One request and its answer: how long they may take, and how large the answer may be.

Decides when to stop waiting: nothing comes for ``timeout_s``; a body takes longer than its size allows; bytes only
drip, which no limit for a single read would ever end; or the answer is larger than any real one, in headers or chunks
that no limit of a body counts. Leaves sockets to ``adapters.registry.connections``.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

# An answer that has begun gets its time limit once more, and a second for each of these.
_SLOWEST_BYTES_S: Final = 32 * 1024
# A network is never that slow in that many small pieces: the other side drips on purpose.
_DRIP_AFTER_S: Final = 5.0
_DRIP_BYTES_S: Final = 256
_DRIP_READS: Final = 4
_SLICE_BYTES: Final = 64 * 1024


class TooSlowError(OSError):
    """An exchange was ended because it took too long; another attempt would take as long."""


class TooLargeError(OSError):
    """An exchange was ended because its answer had no end; another attempt would not end either."""


class Exchange:
    """Limits of one exchange.

    Args:
        timeout_s: How long nothing may come or go.
        first_byte_s: How long to wait for the start of the answer.
        most_bytes: Limit of the whole answer, as it is sent.
        now_s: Seconds, for durations.
    """

    def __init__(
        self, timeout_s: float, first_byte_s: float, most_bytes: int, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._timeout_s, self._first_byte_s = timeout_s, first_byte_s
        self._most_bytes, self._now_s = most_bytes, now_s
        self._answering_since_s = 0.0
        self._received, self._reads = 0, 0

    def slices(self, pieces: Iterable[bytes]) -> Iterator[memoryview]:
        """Cut a body, so that each slice has the time limit of its own, and all together one by their size."""
        sent, sending_s = 0, 0.0
        for piece in pieces:
            view = memoryview(piece)
            for start in range(0, len(view), _SLICE_BYTES):
                began_s = self._now_s()
                yield (one := view[start : start + _SLICE_BYTES])
                sent, sending_s = sent + len(one), sending_s + self._now_s() - began_s
                if sending_s > self._timeout_s + sent / _SLOWEST_BYTES_S:
                    raise TooSlowError(f"it accepted {sent} bytes in {sending_s:.0f} s")

    def wait_s(self) -> float:
        """Return how long to wait for the next bytes of the answer.

        Raises:
            TooSlowError: It took too long already.
        """
        if not self._received:
            return self._first_byte_s
        passed_s = self._now_s() - self._answering_since_s
        left_s = self._timeout_s + self._received / _SLOWEST_BYTES_S - passed_s
        drips = self._reads >= _DRIP_READS and self._received < _DRIP_BYTES_S * passed_s
        if left_s <= 0 or (drips and passed_s >= min(_DRIP_AFTER_S, self._timeout_s)):
            raise TooSlowError(f"it sent {self._received} bytes in {passed_s:.0f} s")
        return min(left_s, self._timeout_s)

    def came(self, count: int) -> None:
        """Count bytes of the answer.

        Raises:
            TooLargeError: There are too many.
        """
        if not self._received:
            self._answering_since_s = self._now_s()
        self._received += count
        self._reads += 1
        if self._received > self._most_bytes:
            raise TooLargeError(f"it sent more than {self._most_bytes} bytes")


class Answer(http.client.HTTPResponse):
    """An answer whose reading ends with an error when its exchange has taken too long."""

    def __init__(self, sock: Any, exchange: Exchange, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, exchange))


class _Reader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, exchange: Exchange) -> None:
        self._raw, self._sock, self._exchange = raw, sock, exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._sock.settimeout(self._exchange.wait_s())
        try:
            count = self._raw.readinto(buffer) or 0
        except TimeoutError:
            # If the whole answer is late, this raises the error that says so.
            self._exchange.wait_s()
            raise
        self._exchange.came(count)
        return count

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._raw.close()
