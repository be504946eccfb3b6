"""Connections to a registry: TLS, proxies, and the limits of time.

Decides how a host is reached (directly, or through a proxy, to which TLS is spoken where its URL says https) and when
an exchange has taken too long: nothing comes for ``timeout_s``; what comes takes longer than its size allows; or bytes
only drip, which no limit for a single read would ever end. Whoever gives up an exchange ends it at once
(``TimedSocket.abort``). Leaves requests and answers to ``adapters.registry.http_transport``.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import math
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from fast_container.adapters.registry.proxies import Proxy
from fast_container.adapters.threads import ended_by

_SLICE_BYTES: Final = 64 * 1024
# An answer gets its time limit once more, and a second for each of these.
_SLOWEST_BYTES_S: Final = 32 * 1024
# So slow, in so many small pieces, is no network: the other side wants to be waited for.
_DRIP_AFTER_S: Final = 5.0
_DRIP_BYTES_S: Final = 256
_DRIP_READS: Final = 4


class TooSlowError(OSError):
    """An exchange was ended because it took too long; another attempt would take as long."""


class _Stream(Protocol):
    def settimeout(self, value: float | None, /) -> None: ...
    def sendall(self, data: bytes | memoryview, /) -> None: ...
    def recv_into(self, buffer: bytearray | memoryview, /) -> int: ...
    def close(self) -> None: ...


class TimedSocket:
    """A socket whose calls end when the time of the exchange is over; as ``http.client`` uses one.

    Args:
        raw: The socket below everything else; need not be connected yet.
        timeout_s: How long nothing may come.
    """

    def __init__(self, raw: socket.socket, timeout_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._raw = raw
        self.stream = cast("_Stream", raw)
        self._timeout_s, self._now_s = timeout_s, now_s
        self._readers, self._closed = 0, False
        self.begin(timeout_s)

    def use(self, raw: ssl.SSLSocket) -> None:
        """Go on with the socket that has taken the other's place."""
        self._raw, self.stream = raw, cast("_Stream", raw)

    def begin(self, first_byte_s: float) -> None:
        """A new exchange; its answer may be waited for so long."""
        self._first_byte_s = first_byte_s
        self._answering_since_s = 0.0
        self._received, self._reads = 0, 0

    def sendall(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything; each piece of it has the time limit of its own."""
        view = memoryview(data)
        self.stream.settimeout(self._timeout_s)
        for start in range(0, len(view), _SLICE_BYTES):
            self.stream.sendall(view[start : start + _SLICE_BYTES])

    def recv_into(self, buffer: bytearray | memoryview) -> int:
        """Receive what is there."""
        left_s = self._left_s() if self._received else math.inf
        self.stream.settimeout(min(left_s, self._timeout_s if self._received else self._first_byte_s))
        try:
            count = self.stream.recv_into(buffer)
        except TimeoutError:
            if left_s < self._timeout_s:
                raise self._too_slow() from None
            raise
        if not self._received:
            self._answering_since_s = self._now_s()
        self._received += count
        self._reads += 1
        return count

    def _left_s(self) -> float:
        passed_s = self._now_s() - self._answering_since_s
        left_s = self._timeout_s + self._received / _SLOWEST_BYTES_S - passed_s
        drips = self._reads >= _DRIP_READS and self._received < _DRIP_BYTES_S * passed_s
        if left_s <= 0 or (drips and passed_s >= min(_DRIP_AFTER_S, self._timeout_s)):
            raise self._too_slow()
        return left_s

    def _too_slow(self) -> TooSlowError:
        passed_s = self._now_s() - self._answering_since_s
        return TooSlowError(f"it sent {self._received} bytes in {passed_s:.0f} s")

    def makefile(self, _mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """A reader; the socket stays open for it after ``close``, as Python's own sockets do."""
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def reader_closed(self) -> None:
        """One of its readers needs it no longer."""
        self._readers -= 1
        if self._closed and not self._readers:
            self.stream.close()

    def close(self) -> None:
        """Close it, as soon as nothing reads from it."""
        self._closed = True
        if not self._readers:
            self.stream.close()

    def abort(self) -> None:
        """End whatever is under way; for another thread."""
        with contextlib.suppress(OSError):
            # Not that of an SSLSocket, which would also change what the other thread uses.
            socket.socket.shutdown(self._raw, socket.SHUT_RDWR)


class _Reader(io.RawIOBase):
    def __init__(self, sock: TimedSocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._sock.recv_into(memoryview(buffer))

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._sock.reader_closed()


def connect(
    address: tuple[str, int], tls: ssl.SSLContext | None, proxy: Proxy | None, timeout_s: float
) -> http.client.HTTPConnection:
    """Connect to a registry.

    Args:
        address: Its host (without brackets) and port.
        tls: For ``https``; None for ``http``, where a proxy is sent the whole address in each request.
        proxy: What to go through.
        timeout_s: For each step, and later for whatever is waited for.

    Raises:
        OSError: It cannot be reached, or the proxy refused.
    """
    host, port = address
    timed = _dial((proxy.host, proxy.port) if proxy else address, timeout_s)
    try:
        with ended_by(timed.abort):
            if proxy and proxy.tls:
                # The name that is verified is the proxy's own.
                _encrypt(timed, tls or ssl.create_default_context(), proxy.host, timeout_s)
            if tls and proxy:
                _tunnel(timed, host, port, proxy)
            if tls:
                _encrypt(timed, tls, host, timeout_s)
    except BaseException:
        timed.close()
        raise
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    connection.auto_open = 0
    connection.sock = timed
    return connection


def proxy_authorization(proxy: Proxy) -> dict[str, str]:
    """The header for a proxy that demands a user."""
    if not proxy.username:
        return {}
    pair = f"{proxy.username}:{proxy.password}".encode()
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode()}


def _dial(address: tuple[str, int], timeout_s: float) -> TimedSocket:
    """As ``socket.create_connection``, but may be given up."""
    error: OSError | None = None
    for family, kind, protocol, _, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
        timed = TimedSocket(raw := socket.socket(family, kind, protocol), timeout_s)
        try:
            with ended_by(timed.abort):
                raw.settimeout(timeout_s)
                raw.connect(place)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return timed
        except OSError as failed:
            timed.close()
            error = failed
        except BaseException:
            timed.close()
            raise
    raise error or OSError("the name has no address")


def _encrypt(timed: TimedSocket, tls: ssl.SSLContext, host: str, timeout_s: float) -> None:
    under = cast("object", timed.stream)
    if isinstance(under, ssl.SSLSocket):
        # TLS within the proxy's TLS, which Python's own sockets cannot do.
        from urllib3.util.ssltransport import SSLTransport  # noqa: PLC0415 - botocore brings it

        timed.stream = cast("_Stream", SSLTransport(under, tls, server_hostname=host))
        return
    wrapped = tls.wrap_socket(cast("socket.socket", under), server_hostname=host, do_handshake_on_connect=False)
    timed.use(wrapped)
    wrapped.settimeout(timeout_s)
    wrapped.do_handshake()


def _tunnel(timed: TimedSocket, host: str, port: int, proxy: Proxy) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    lines += [f"{name}: {value}" for name, value in proxy_authorization(proxy).items()]
    timed.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = http.client.HTTPResponse(cast("socket.socket", timed), method="CONNECT")
    try:
        answer.begin()
    except http.client.HTTPException as error:
        raise OSError(f"the proxy {proxy.host}:{proxy.port} gave no HTTP answer") from error
    finally:
        answer.close()
    if answer.status != http.client.OK:
        raise OSError(f"the proxy {proxy.host}:{proxy.port} refused: {answer.status} {answer.reason}")
