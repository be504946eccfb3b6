"""Connections to a registry: made directly or through a proxy, kept for the next request, ended when given up.

Decides how a host is reached (TLS to the proxy if its URL says https, and TLS to the registry within it) and which
connection may be used again. Python's own ``http.client`` does the rest, with the limits of
``adapters.registry.exchange``. ``urllib3`` was tried in its place: docs/registries.md says why it is not used.
Leaves requests and answers to ``adapters.registry.http_transport``, and which proxy it is to
``adapters.registry.proxies``.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import math
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Final, cast

from fast_container.adapters.registry.exchange import Answer, Exchange
from fast_container.adapters.registry.proxies import Proxy
from fast_container.adapters.threads import ended_by

# The limit for a proxy's answer to CONNECT.
_MOST_BYTES: Final = 1024 * 1024


class ProxyError(OSError):
    """The proxy cannot be reached or refused; this says nothing about the registry."""


class _TlsSocket(ssl.SSLSocket):
    """TLS whose time limit covers everything received until it is set anew: TLS within it reads many times."""

    _until_s = math.inf

    def settimeout(self, value: float | None, /) -> None:
        super().settimeout(value)
        self._until_s = math.inf if value is None else time.monotonic() + value

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        if (left_s := self._until_s - time.monotonic()) <= 0:
            raise TimeoutError("timed out")
        super().settimeout(left_s)
        return super().recv(buflen, flags)


def tls_context() -> ssl.SSLContext:
    """Make the TLS settings for registries and proxies: this machine's CAs, or those of ``SSL_CERT_FILE``."""
    context = ssl.create_default_context()
    context.sslsocket_class = _TlsSocket
    return context


class Connection(http.client.HTTPConnection):
    """A connection to a registry.

    Args:
        address: Its host (without brackets) and port.
        tls: For ``https``; None for ``http``, where each request to a proxy has the whole address.
        proxy: The proxy on the way.
        timeout_s: For each step of connecting, and later for each wait.
    """

    auto_open = 0
    is_cut = False
    """Whether the other side hung up before it had the whole request; it may have answered all the same."""

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext | None, proxy: Proxy | None, timeout_s: float
    ) -> None:
        super().__init__(*address, timeout=timeout_s)
        self._tls, self._proxy, self._timeout_s = tls, proxy, timeout_s
        self._raw: socket.socket | None = None

    def connect(self) -> None:
        """Reach the registry.

        Raises:
            OSError: The registry cannot be reached.
            ProxyError: The proxy cannot be reached, or refused.
        """
        tls, proxy = self._tls, self._proxy
        try:
            if proxy is None:
                self._dial(self.host, self.port)
            else:
                self._reach(proxy)
            with ended_by(self.abort):
                if tls and proxy:
                    self._ask_through(proxy)
                if tls:
                    self._encrypt(tls, self.host)
        except BaseException:
            self.close()
            raise

    def send_request(
        self,
        exchange: Exchange,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[memoryview] | None,
    ) -> None:
        """Send a request as a registry or a proxy wants it; the limits of ``exchange`` hold for the answer."""
        self.response_class = cast("type[http.client.HTTPResponse]", functools.partial(Answer, exchange=exchange))
        self.sock.settimeout(self._timeout_s)
        parts = urllib.parse.urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        sent = {"Host": place, **headers}
        if self._proxy and not self._tls:
            target = f"{parts.scheme}://{place}{target}"
            sent |= proxy_authorization(self._proxy)
        try:
            self.request(method, target, body=body, headers=sent)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            # A gateway that refuses a body answers before it has read it, and hangs up.
            self.is_cut = True

    def abort(self) -> None:
        """End whatever is in progress; called from another thread."""
        with contextlib.suppress(OSError):
            if self._raw is not None:
                # Not SSLSocket.shutdown, which would also change the object that the other thread uses.
                socket.socket.shutdown(self._raw, socket.SHUT_RDWR)

    def is_quiet(self) -> bool:
        """Whether nothing came since the last answer: neither an end, nor bytes that belong to no request."""
        raw = self._raw
        if raw is None or (isinstance(raw, ssl.SSLSocket) and raw.pending()):
            return False
        try:
            raw.settimeout(0)
            # Below TLS: encrypted bytes count too. Not ``select``, which refuses the 1,025th open file.
            socket.socket.recv(raw, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def _dial(self, host: str, port: int) -> None:
        """Connect as ``socket.create_connection``, but so that it can be given up."""
        error: OSError | None = None
        for family, kind, protocol, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            self.sock = self._raw = raw = socket.socket(family, kind, protocol)
            try:
                with ended_by(self.abort):
                    raw.settimeout(self._timeout_s)
                    raw.connect(place)
                    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            except OSError as failed:
                raw.close()
                error = failed
        raise error or OSError("the name has no address")

    def _reach(self, proxy: Proxy) -> None:
        try:
            self._dial(proxy.host, proxy.port)
            if proxy.tls:
                with ended_by(self.abort):
                    # The name that is verified is the proxy's own.
                    self._encrypt(self._tls or tls_context(), proxy.host)
        except (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError) as error:
            why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.strerror
            raise ProxyError(f"the proxy {proxy.host}:{proxy.port} cannot be reached: {why}") from error

    def _ask_through(self, proxy: Proxy) -> None:
        host, port = self.host, self.port
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        lines += [f"{name}: {value}" for name, value in proxy_authorization(proxy).items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        answer = Answer(self.sock, Exchange(self._timeout_s, self._timeout_s, _MOST_BYTES), method="CONNECT")
        try:
            answer.begin()
        except http.client.HTTPException as error:
            raise ProxyError(f"the proxy {proxy.host}:{proxy.port} did not answer with HTTP") from error
        finally:
            answer.close()
        if answer.status != http.client.OK:
            raise ProxyError(f"the proxy {proxy.host}:{proxy.port} refused: {answer.status} {answer.reason}")

    def _encrypt(self, tls: ssl.SSLContext, host: str) -> None:
        if isinstance(self._raw, ssl.SSLSocket):
            # TLS within the proxy's TLS, which Python's own sockets cannot do.
            from urllib3.util.ssltransport import SSLTransport  # noqa: PLC0415 - needed nowhere else

            self._raw.settimeout(self._timeout_s)
            self.sock = cast("socket.socket", SSLTransport(self._raw, tls, server_hostname=host))
            return
        wrapped = tls.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
        self.sock = self._raw = wrapped
        wrapped.settimeout(self._timeout_s)
        wrapped.do_handshake()


class KeptConnections:
    """Idle connections, for the next request to the same host; safe for use by many threads."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str], list[Connection]] = {}
        self._lock = threading.Lock()

    def take(self, origin: tuple[str, str]) -> Connection | None:
        """Return a connection that can be used now, or None."""
        with self._lock:
            waiting = self._idle.get(origin, [])
            while waiting:
                if (connection := waiting.pop()).is_quiet():
                    return connection
                connection.close()
        return None

    def keep(self, origin: tuple[str, str], connection: Connection) -> None:
        """Keep a connection whose answer is complete."""
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            for waiting in self._idle.values():
                for connection in waiting:
                    connection.close()
            self._idle.clear()


def proxy_authorization(proxy: Proxy) -> dict[str, str]:
    """Make the header for a proxy that demands a user."""
    if not proxy.username:
        return {}
    pair = f"{proxy.username}:{proxy.password}".encode()
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode()}
