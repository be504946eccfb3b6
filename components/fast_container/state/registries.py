"""Opens registries for the hook and for the provider alike.

A composition root: hands the environment (Docker's configuration, AWS endpoints) to the adapters, and puts off the
first contact until somebody asks something.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.registries import Registries, registry_for
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob, Credentials, Manifest, Registry
from fast_container.state.patience import Patience

# What is to be tagged has been built; a registry that is asked too often takes its time.
_TAGGING_S = 15.0


def open_registry(url: str, access: AwsAccess) -> Registry:
    """The repository at ``host/name``, for one look (the provider's process)."""
    return registry_for(url, access, os.environ)


class ProgramRegistries:
    """The registries of one program: one set of tokens and connections for each host.

    A host is reached with the access of the first image that names it, since BuildKit gets one login for a host.

    Args:
        interrupted: Whether the run was interrupted: then no registry is waited for much longer.
    """

    def __init__(self, interrupted: Callable[[], bool] = lambda: False) -> None:
        self._patience = Patience(interrupted)
        self._by_host: dict[str, Registries] = {}
        self._access: dict[str, AwsAccess] = {}

    def repository(self, url: str, access: AwsAccess) -> DeferredRegistry:
        """The repository at ``host/name``; nothing is asked before its first use."""
        host = host_of(url)
        if host not in self._by_host:
            self._by_host[host] = Registries(access, os.environ)
            self._access[host] = access
        return DeferredRegistry(url, self._by_host[host], self._patience)

    def is_reached_otherwise(self, url: str, access: AwsAccess) -> bool:
        """Whether the host of a repository that is in use is reached with another access than this one."""
        return self._access[host_of(url)] != access

    async def opened(self, job: BuildJob) -> Registry:
        """The repository of a job whose image was planned before."""
        return await self._by_host[host_of(job.repository_url)].registry(job.repository_url)

    def oci_blocking(self, url: str) -> OciRegistry:
        """The HTTP API of a repository whose host was used before, for copying; blocking."""
        return self._by_host[host_of(url)].oci_blocking(url)

    def push_credentials(self, host: str) -> Credentials | None:
        """What a builder needs, beyond the user's Docker configuration, to push to a host; blocking."""
        registries = self._by_host.get(host)
        return registries.push_credentials(host) if registries else None


class DeferredRegistry:
    """A repository whose adapter is chosen on first use; satisfies ``core.ports.Registry``."""

    def __init__(self, url: str, registries: Registries, patience: Patience) -> None:
        self.url = url
        self._patience = patience
        self._registries = registries
        self._opened: Registry | None = None

    async def _registry(self) -> Registry:
        if self._opened is None:
            self._opened = await self._patience.wait_for(self._registries.registry(self.url), self.url)
        return self._opened

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """As ``Registry.find``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.find(tags), self.url)

    async def manifest(self, digest: str) -> Manifest | None:
        """As ``Registry.manifest``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.manifest(digest), self.url)

    async def blob(self, digest: str) -> bytes:
        """As ``Registry.blob``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.blob(digest), self.url)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """As ``Registry.tag``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.tag(manifest, tag), self.url, still_s=_TAGGING_S)
