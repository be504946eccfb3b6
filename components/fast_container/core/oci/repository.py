"""Repositories and the hosts of registries.

Decides where the host of a URL or of a reference ends, and which names are Docker Hub's: it answers to several, and its
API to one only. Leaves what a repository may be called to ``args``, references to ``core.oci.reference``, and AWS's own
hosts to ``core.oci.ecr_host``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
"""Docker Hub's host in references of normal form."""
_API_OF_DOCKER_HUB: Final = "registry-1.docker.io"
HOSTS_OF_DOCKER_HUB: Final = frozenset({DOCKER_HUB, "index.docker.io", _API_OF_DOCKER_HUB})


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a registry.

    Attributes:
        host: The registry's, with its port.
        name: ``""`` where there is none.
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
    """The host of a repository's URL, or of a reference that names its host."""
    return Repository.parse(place).host


def canonical_host(host: str) -> str:
    """The host as references of normal form have it: one name for Docker Hub."""
    return DOCKER_HUB if host in HOSTS_OF_DOCKER_HUB else host
