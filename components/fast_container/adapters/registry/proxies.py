"""The proxy on the way to a registry, by the environment.

Decides as Docker and BuildKit do (Go's ``httpproxy``), so that this library and the build it starts go the same way;
this machine's own addresses never go through a proxy. Leaves speaking to a proxy to ``adapters.registry.connections``.
Source of the rules of ``NO_PROXY``: golang.org/x/net ``http/httpproxy``.
"""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from fast_container.errors import RegistryError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: whether it is reached over TLS, where it is, and the user that it demands."""

    tls: bool
    host: str
    port: int
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy to use; loopback hosts never go through one.

    Attributes:
        http: URL for ``http:`` addresses, or "".
        https: URL for ``https:`` addresses, or "".
        bypass: Hosts that are reached directly: ``*`` for all; a domain for itself and its subdomains; ``.domain`` for
            its subdomains; an address or a network (``10.0.0.0/8``); each with or without ``:port``.
    """

    http: str = ""
    https: str = ""
    bypass: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Proxies:
        """Read ``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY`` and their lower-case forms, which win."""

        def value(name: str) -> str:
            return (environment.get(name.lower()) or environment.get(name.upper()) or "").strip()

        bypass = tuple(part.strip().lower() for part in value("no_proxy").split(",") if part.strip())
        return cls(value("http_proxy"), value("https_proxy"), bypass)

    def choose(self, scheme: str, host: str, port: int | None = None) -> str:
        """Return the proxy's URL for that address, or "" for a direct connection."""
        name = host.strip("[]").lower().removesuffix(".")
        number = port or _PORTS.get(scheme, 0)
        if is_loopback(name) or any(_covers(rule, name, number) for rule in self.bypass):
            return ""
        return self.https if scheme == "https" else self.http


def parse_proxy(url: str) -> Proxy:
    """Read a proxy's URL; without a scheme it is ``http://``.

    Raises:
        RegistryError: It cannot be used.
    """
    try:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urllib.parse.SplitResult("", "", "", "", ""), "", None
    if not host or parts.scheme not in _PORTS:
        # The URL is not shown: it may hold a password.
        raise RegistryError(
            "The proxy that the environment names cannot be used.",
            where=f"{parts.scheme or 'no scheme'}://{host or '(no host)'}",
            why="only http:// and https:// proxies are supported",
            next_step="Correct HTTPS_PROXY and HTTP_PROXY, or list the registry in NO_PROXY.",
        )
    return Proxy(
        parts.scheme == "https",
        host,
        port or _PORTS[parts.scheme],
        urllib.parse.unquote(parts.username or ""),
        urllib.parse.unquote(parts.password or ""),
    )


def is_loopback(host: str) -> bool:
    """Whether a host name (without port) is this machine's."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _covers(rule: str, name: str, port: int) -> bool:
    if rule == "*":
        return True
    if "/" in rule:
        return _is_in_network(rule, name)
    place, only_port = _split_port(rule)
    if only_port and only_port != port:
        return False
    if (address := _address(name)) is not None or _address(place) is not None:
        return address == _address(place)
    if place.startswith(("*.", ".")):
        return name.endswith(place.removeprefix("*"))
    return bool(place) and (name == place or name.endswith(f".{place}"))


def _is_in_network(rule: str, name: str) -> bool:
    try:
        network = ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False
    address = _address(name)
    return address is not None and address in network


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None


def _split_port(rule: str) -> tuple[str, int]:
    """Split a rule into place and port, 0 for every port; an IPv6 address with a port is in brackets."""
    place, colon, port = rule.rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in place or place.endswith("]")):
        return place.strip("[]"), int(port)
    return rule.strip("[]"), 0
