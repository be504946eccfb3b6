"""HTTP to a registry: kept connections, whole answers, redirects, and retries of temporary failures.

Decides what is worth another attempt (429, 5xx, a connection that broke, a body that is shorter than its length) and
how long to wait: longer if the registry throttles (ECR allows ten PutImage a second). Tells who answered: after a
redirect to another host the answer is not the registry's. Leaves the meaning of every other status, and authentication,
to ``adapters.registry.oci_registry``, sockets to ``adapters.registry.connections``, limits of time and size to
``adapters.registry.exchange``. Blocking: callers use a thread (``adapters.threads``), and an answer that is not awaited
any more is given up.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import ssl
import time
import urllib.parse
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from fast_container.adapters.call_log import CallLog
from fast_container.adapters.registry.connections import Connection, KeptConnections, tls_context
from fast_container.adapters.registry.exchange import Exchange, TooSlowError
from fast_container.adapters.registry.proxies import Proxies, parse_proxy
from fast_container.adapters.registry.unreachable import real_address, shown, unreachable
from fast_container.adapters.threads import check_awaited, ended_by, pause
from fast_container.errors import RegistryError

ATTEMPTS = 5
ATTEMPTS_WHEN_THROTTLED = 10
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 10.0
# No attempt begins later than this after the first.
_LATEST_ATTEMPT_S = 60.0
# Times the time limit: a registry that received a large blob may work on it before it answers.
_UPLOAD_FACTOR = 10
# Times the largest body, for the marks of its chunks; and the room for headers.
_FRAMING_FACTOR = 2
_HEAD_BYTES = 1024 * 1024
_RETRIED = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BROKEN = (ConnectionError, http.client.IncompleteRead, TimeoutError, ssl.SSLEOFError)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Attributes:
        status: The status.
        headers: Names in lower case.
        body: The whole body, as long as its ``Content-Length`` says.
        elsewhere: Whether another host answered, after a redirect.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elsewhere: bool = False


class HttpTransport:
    """Sends requests; safe for use by many threads at once.

    Args:
        proxies: The proxies to use.
        timeout_s: How long nothing may come; an answer that began may take as long again, and longer by its size.
        sleep: Waits before another attempt.
        largest_body: Limit of an answer's body.
        calls: The log of requests.
    """

    def __init__(
        self,
        *,
        proxies: Proxies | None = None,
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = pause,
        largest_body: int = 64 * 1024 * 1024,
        calls: CallLog | None = None,
    ) -> None:
        self._calls = calls or CallLog()
        self._proxies = proxies or Proxies()
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._largest_body = largest_body
        self._kept = KeptConnections()
        weakref.finalize(self, self._kept.close)
        self._tls: ssl.SSLContext | None = None

    def close(self) -> None:
        """Close the kept connections."""
        self._kept.close()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        follow: bool = False,
        throttled: Callable[[], None] = lambda: None,
    ) -> Response:
        """Send one request; every method used here may be repeated safely.

        With ``follow`` redirects are followed; ``Authorization`` is not sent to another origin. ``throttled`` is called
        each time that the registry throttles, before the pause.

        Raises:
            RegistryError: The host cannot be reached, or failed again and again.
        """
        elsewhere = False
        for _ in range(5):
            response = self._with_retries(method, url, headers, body, throttled)
            location = response.headers.get("location", "")
            if not (follow and response.status in _REDIRECTS and location):
                return replace(response, elsewhere=elsewhere)
            with real_address(location):
                target = urllib.parse.urljoin(url, location)
                if _origin(target) != _origin(url):
                    elsewhere = True
                    headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
                _refuse_downgrade(url, target)
            url = target
        raise RegistryError("The registry redirects too many times.", where=shown(url))

    def upload(self, method: str, url: str, headers: Mapping[str, str], pieces: Iterable[bytes]) -> Response:
        """Send a body piece by piece, with a ``Content-Length`` among the headers; once, since pieces are used up.

        Raises:
            RegistryError: The host cannot be reached, or hung up.
        """
        exchange = self._new_exchange(_UPLOAD_FACTOR * self._timeout_s)

        def send() -> Response:
            return self._exchange(self._connect(url), exchange, method, url, headers, exchange.slices(pieces))

        try:
            with real_address(url):
                return self._noted(method, url, send)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(url, error) from error

    def _with_retries(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, throttled: Callable[[], None]
    ) -> Response:
        pause_s, began_s = _FIRST_PAUSE_S, time.monotonic()
        for attempt in range(1, ATTEMPTS_WHEN_THROTTLED + 1):
            check_awaited()
            late = time.monotonic() - began_s > _LATEST_ATTEMPT_S
            last = late or attempt >= ATTEMPTS
            try:
                with real_address(url):
                    response = self._noted(method, url, lambda: self._once(method, url, headers, body))
            except (ConnectionRefusedError, TooSlowError) as error:
                raise unreachable(url, error) from error
            except _BROKEN as error:
                if last:
                    raise unreachable(url, error) from error
                wait_s = pause_s
            except (OSError, http.client.HTTPException) as error:
                raise unreachable(url, error) from error
            else:
                is_throttled = _is_throttled(response)
                if not (is_throttled or response.status in _RETRIED):
                    return response
                if is_throttled:
                    throttled()
                if late or attempt == ATTEMPTS_WHEN_THROTTLED or (last and not is_throttled):
                    return response
                wait_s = max(pause_s, _retry_after(response))
            self._sleep(min(wait_s, _LONGEST_PAUSE_S))
            pause_s *= 2
        raise AssertionError("unreachable")

    def _noted(self, method: str, url: str, send: Callable[[], Response]) -> Response:
        began_s = time.monotonic()
        try:
            response = send()
        except Exception as error:
            self._calls.of_request(method, url, time.monotonic() - began_s, error=type(error).__name__)
            raise
        self._calls.of_request(method, url, time.monotonic() - began_s, status=response.status)
        return response

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        if (kept := self._kept.take(_origin(url))) is not None:
            # A server may close an idle connection at any time; only a new one shows whether it answers.
            with contextlib.suppress(*_BROKEN):
                return self._exchange(kept, self._new_exchange(), method, url, headers, body)
        return self._exchange(self._connect(url), self._new_exchange(), method, url, headers, body)

    def _new_exchange(self, first_byte_s: float | None = None) -> Exchange:
        most_bytes = _FRAMING_FACTOR * self._largest_body + _HEAD_BYTES
        return Exchange(self._timeout_s, first_byte_s or self._timeout_s, most_bytes)

    def _exchange(
        self,
        connection: Connection,
        exchange: Exchange,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[memoryview] | None,
    ) -> Response:
        try:
            with ended_by(connection.abort):
                connection.send_request(exchange, method, url, headers, body)
                with contextlib.closing(connection.getresponse()) as answer:
                    data = self._body(answer, _origin(url)[1])
        except BaseException:
            connection.close()
            raise
        if answer.will_close or connection.is_cut:
            connection.close()
        else:
            self._kept.keep(_origin(url), connection)
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)

    def _body(self, answer: http.client.HTTPResponse, where: str) -> bytes:
        """Read the whole body; ``HTTPResponse.read`` with a limit takes a truncated body for a whole one."""
        said = set(answer.headers.get_all("Content-Length") or [])
        if len(said) > 1 or not all(length.isascii() and length.isdigit() for length in said):
            raise RegistryError("The length of the registry's answer cannot be read.", where=where)
        data = answer.read(self._largest_body + 1)
        if len(data) > self._largest_body:
            raise RegistryError("The registry's answer is too large.", where=where)
        if answer.length:
            raise http.client.IncompleteRead(data, answer.length)
        return data

    def _connect(self, url: str) -> Connection:
        parts = urllib.parse.urlsplit(url)
        secure = parts.scheme == "https"
        if secure and self._tls is None:
            self._tls = tls_context()
        through = self._proxies.choose(parts.scheme, parts.hostname or "", parts.port)
        proxy = parse_proxy(through) if through else None
        address = parts.hostname or "", parts.port or (443 if secure else 80)
        connection = Connection(address, self._tls if secure else None, proxy, self._timeout_s)
        connection.connect()
        return connection


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc


def _refuse_downgrade(url: str, target: str) -> None:
    schemes = [urllib.parse.urlsplit(one).scheme for one in (url, target)]
    if schemes[1] not in ("http", "https") or schemes == ["https", "http"]:
        raise RegistryError(f"The registry redirected from {schemes[0]} to {schemes[1]}.", where=shown(url))


def _is_throttled(response: Response) -> bool:
    """Whether ECR throttles: with 429 or, through some proxies, as its API does, with 400 and a ThrottlingException."""
    said = response.body[:2000]
    return response.status == 429 or (response.status in (400, 503) and (b"Throttl" in said or b"TOOMANYREQ" in said))


def _retry_after(response: Response) -> float:
    with contextlib.suppress(ValueError):
        said_s = float(response.headers.get("retry-after", "0"))
        return said_s if math.isfinite(said_s) else 0.0
    return 0.0
