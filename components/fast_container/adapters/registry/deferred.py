"""A repository whose adapter is chosen when it is first asked something.

Decides that nothing is asked, and no SDK imported, before its first use, and that an interrupted run does not wait for
it. Leaves which adapter it is to ``adapters.registry.registries``, and how long is waited to its ``Patience``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fast_container.adapters.registry.patience import Patience
from fast_container.adapters.threads import in_thread
from fast_container.core.ports import Manifest, Registry

# What is to be tagged has been built; a registry that is asked too often takes its time.
_TAGGING_S: Final = 15.0


class DeferredRegistry:
    """Satisfies ``core.ports.Registry``.

    Args:
        url: ``host/name``.
        choose: Gives the adapter; called in a thread, once.
        patience: How long an answer is waited for.
    """

    def __init__(self, url: str, choose: Callable[[str], Registry], patience: Patience) -> None:
        self.url = url
        self._choose = choose
        self._patience = patience
        self._chosen: Registry | None = None

    async def _registry(self) -> Registry:
        if self._chosen is None:
            self._chosen = await self._patience.wait_for(in_thread(self._choose, self.url), self.url)
        return self._chosen

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
