"""Which proxy a registry is reached through, as the environment says.

Decides that this machine's own addresses never go through one. Leaves speaking to a proxy to
``adapters.http_transport``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy to use; loopback hosts never go through one.

    Attributes:
        http: URL for ``http:`` addresses, or "".
        https: URL for ``https:`` addresses, or "".
        bypass: Host suffixes that are reached directly; ``*`` means all.
    """

    http: str = ""
    https: str = ""
    bypass: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Proxies:
        """Read ``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY`` and their lower-case forms, which win."""

        def value(name: str) -> str:
            return environment.get(name.lower()) or environment.get(name.upper()) or ""

        bypass = tuple(part.strip().lstrip(".").lower() for part in value("no_proxy").split(",") if part.strip())
        return cls(value("http_proxy"), value("https_proxy"), bypass)

    def choose(self, scheme: str, host: str) -> str:
        """The proxy's URL for that address, or "" for a direct connection."""
        name = host.lower()
        if is_loopback(name) or any(b in ("*", name) or name.endswith("." + b) for b in self.bypass):
            return ""
        return self.https if scheme == "https" else self.http


def is_loopback(host: str) -> bool:
    """Whether a host name (without port) is this machine's."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
