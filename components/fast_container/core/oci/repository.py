"""Repositories and the hosts of registries.

Decides where the host of a URL or of a reference ends, how a host and a repository may be spelled, and which names are
Docker Hub's: it has several, and its API answers at one only. Leaves references to ``core.oci.reference``, AWS's own
hosts to ``core.oci.ecr_host``, and ECR's additions to the rule for names to ``args``.
Source: github.com/distribution/reference v0.6.0, regexp.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
"""Docker Hub's host in references of normal form."""
_API_OF_DOCKER_HUB: Final = "registry-1.docker.io"
HOSTS_OF_DOCKER_HUB: Final = frozenset({DOCKER_HUB, "index.docker.io", _API_OF_DOCKER_HUB})

_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
HOST_PATTERN: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
"""A registry's host with or without its port; an IPv6 address is in brackets."""
_PART: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
NAME_PATTERN: Final = rf"{_PART}(?:/{_PART})*"
"""A repository's name."""
_HOST: Final = re.compile(HOST_PATTERN)
_NAME: Final = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a registry.

    Attributes:
        host: The registry's, with its port.
        name: ``""`` without a name.
    """

    host: str
    name: str

    @classmethod
    def parse(cls, url: str) -> Repository:
        """Read ``host/name``; nothing is refused and no spelling is changed."""
        host, _, name = url.partition("/")
        return cls(host, name)

    @property
    def url(self) -> str:
        """``host/name``."""
        return f"{self.host}/{self.name}" if self.name else self.host

    @property
    def api_host(self) -> str:
        """The host that answers the distribution API."""
        return _API_OF_DOCKER_HUB if self.host == DOCKER_HUB else self.host


def host_of(place: str) -> str:
    """Return the host of a repository's URL, or of a reference that names its host."""
    return Repository.parse(place).host


def is_host(text: str) -> bool:
    """Whether this is a valid host of a registry."""
    return _HOST.fullmatch(text) is not None


def is_repository_name(text: str) -> bool:
    """Whether this is a valid name of a repository."""
    return _NAME.fullmatch(text) is not None


def canonical_host(host: str) -> str:
    """Return the host as in references of normal form: one name for Docker Hub."""
    return DOCKER_HUB if host in HOSTS_OF_DOCKER_HUB else host
