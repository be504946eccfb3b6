"""HTTP to a registry: connections that are kept, time limits, proxies, and retries of what may pass.

Decides what is worth another attempt (429, 5xx, a connection that broke) and how long to wait: longer where the
registry says that it gets too much (ECR allows ten PutImage a second). Leaves the
meaning of every other status, and authentication, to ``adapters.oci_registry``. Blocking: callers use a
thread.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fast_container.adapters.proxies import Proxies
from fast_container.errors import RegistryError

ATTEMPTS = 5
ATTEMPTS_WHEN_THROTTLED = 10
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 10.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BROKEN = (ConnectionError, http.client.RemoteDisconnected, http.client.IncompleteRead, TimeoutError)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | Iterable[bytes] | None


class HttpTransport:
    """Sends requests; safe for use by many threads at once."""

    def __init__(
        self,
        *,
        proxies: Proxies | None = None,
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        largest_body: int = 64 * 1024 * 1024,
    ) -> None:
        self._proxies = proxies or Proxies()
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._largest_body = largest_body
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        weakref.finalize(self, _close_all, self._idle)
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            _close_all(self._idle)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        follow: bool = False,
    ) -> Response:
        """Send one request; every method used here may be repeated safely.

        With ``follow`` redirects are followed; ``Authorization`` is not sent to another origin.

        Raises:
            RegistryError: The host cannot be reached, or kept failing.
        """
        for _ in range(5):
            response = self._with_retries(method, url, headers, body)
            location = response.headers.get("location", "")
            if not (follow and response.status in _REDIRECTS and location):
                return response
            target = urllib.parse.urljoin(url, location)
            if _origin(target) != _origin(url):
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            if urllib.parse.urlsplit(url).scheme == "https" and not target.startswith("https:"):
                raise RegistryError("The registry redirected from https to http.", where=_shown(url))
            url = target
        raise RegistryError("The registry redirects in a circle.", where=_shown(url))

    def upload(self, method: str, url: str, headers: Mapping[str, str], pieces: Iterable[bytes]) -> Response:
        """Send a body piece by piece, with a ``Content-Length`` among the headers; once, since pieces are used up.

        Raises:
            RegistryError: The host cannot be reached, or hung up.
        """
        try:
            return self._once(method, url, headers, pieces)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(url, error) from error

    def _with_retries(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS_WHEN_THROTTLED + 1):
            last = attempt >= ATTEMPTS
            try:
                response = self._once(method, url, headers, body)
            except ConnectionRefusedError as error:
                raise _unreachable(url, error) from error
            except _BROKEN as error:
                if last:
                    raise _unreachable(url, error) from error
                wait_s = pause_s
            except (OSError, http.client.HTTPException) as error:
                raise _unreachable(url, error) from error
            else:
                throttled = _is_throttled(response)
                if not (throttled or response.status in _RETRIED):
                    return response
                if attempt == ATTEMPTS_WHEN_THROTTLED or (last and not throttled):
                    return response
                wait_s = max(pause_s, _retry_after(response))
            self._sleep(min(wait_s, _LONGEST_PAUSE_S))
            pause_s *= 2
        raise AssertionError("unreachable")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None
    ) -> Response:
        parts = urllib.parse.urlsplit(url)
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        proxy = self._proxies.choose(parts.scheme, parts.hostname or "")
        if proxy and parts.scheme == "http":
            target = url
            headers = {**headers, **_proxy_authorization(proxy)}
        request = _Request(method, target, headers, body)
        if body is None or isinstance(body, bytes):
            connection, reused = self._take(parts.scheme, parts.netloc, proxy)
        else:
            connection, reused = self._connect(parts.scheme, parts.netloc, proxy), False
        try:
            return self._exchange(connection, (parts.scheme, parts.netloc), request)
        except _BROKEN:
            connection.close()
            if not reused:
                raise
            # A kept connection that the server has closed meanwhile says nothing about the server.
            connection = self._connect(parts.scheme, parts.netloc, proxy)
            return self._exchange(connection, (parts.scheme, parts.netloc), request)

    def _exchange(self, connection: http.client.HTTPConnection, origin: tuple[str, str], request: _Request) -> Response:
        try:
            connection.request(request.method, request.target, body=request.body, headers=dict(request.headers))
            answer = connection.getresponse()
            data = answer.read(self._largest_body + 1)
            if len(data) > self._largest_body:
                raise RegistryError("The registry's answer is larger than anything expected.", where=origin[1])
            response = Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, data)
            keep = not answer.will_close
        except BaseException:
            connection.close()
            raise
        if keep:
            with self._lock:
                self._idle.setdefault(origin, []).append(connection)
        else:
            connection.close()
        return response

    def _take(self, scheme: str, netloc: str, proxy: str) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            idle = self._idle.get((scheme, netloc))
            if idle:
                return idle.pop(), True
        return self._connect(scheme, netloc, proxy), False

    def _connect(self, scheme: str, netloc: str, proxy: str) -> http.client.HTTPConnection:
        via = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        if scheme == "http":
            host = f"{via.hostname}:{via.port or 80}" if via else netloc
            return http.client.HTTPConnection(host, timeout=self._timeout_s)
        if self._tls is None:
            self._tls = ssl.create_default_context()
        if via is None:
            return http.client.HTTPSConnection(netloc, timeout=self._timeout_s, context=self._tls)
        connection = http.client.HTTPSConnection(
            f"{via.hostname}:{via.port or 80}", timeout=self._timeout_s, context=self._tls
        )
        connection.set_tunnel(netloc, headers=_proxy_authorization(proxy))
        return connection


def _close_all(idle: dict[tuple[str, str], list[http.client.HTTPConnection]]) -> None:
    for connections in idle.values():
        for connection in connections:
            connection.close()
    idle.clear()


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc


def _shown(url: str) -> str:
    """The URL without query: a redirect's query may be a signature."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _proxy_authorization(proxy: str) -> dict[str, str]:
    parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if not parts.username:
        return {}
    pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _is_throttled(response: Response) -> bool:
    """ECR says it with 429 here and, behind some proxies, as its API does: with 400 and a ThrottlingException."""
    said = response.body[:2000]
    return response.status == 429 or (response.status in (400, 503) and (b"Throttl" in said or b"TOOMANYREQ" in said))


def _retry_after(response: Response) -> float:
    with contextlib.suppress(ValueError):
        return float(response.headers.get("retry-after", "0"))
    return 0.0


def _unreachable(url: str, error: Exception) -> RegistryError:
    if isinstance(error, ssl.SSLCertVerificationError):
        why, step = (
            f"its certificate was not accepted: {error.verify_message}",
            "Trust the registry's CA (SSL_CERT_FILE).",
        )
    elif isinstance(error, socket.gaierror):
        why, step = (
            f"the name cannot be resolved: {error.strerror}",
            "Check the repository URL and the network.",
        )
    elif isinstance(error, TimeoutError):
        why, step = "it did not answer in time", "Check the network and any proxy, then run again."
    else:
        why, step = (
            str(error) or type(error).__name__,
            "Check that the registry runs and can be reached from here.",
        )
    return RegistryError("The registry cannot be reached.", where=_shown(url), why=why, next_step=step)
