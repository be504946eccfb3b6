"""A repository whose adapter is chosen at its first request.

Decides that nothing is asked, and no SDK imported, before the first use, and that an interrupted run does not wait for
it. Leaves the choice of the adapter to ``adapters.registry.registries``, and the length of the wait to ``Patience``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fast_container.adapters.registry.patience import Patience
from fast_container.adapters.threads import in_thread
from fast_container.core.ports import Manifest, Registry

# An image to be tagged has been built, so its tag is worth more patience with a registry that throttles.
_TAGGING_S: Final = 15.0


class DeferredRegistry:
    """Satisfies ``core.ports.Registry``.

    Args:
        url: ``host/name``.
        choose: Returns the adapter; called in a thread, once.
        patience: Limits the wait for an answer.
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
        """Return manifests as ``Registry.find``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.find(tags), self.url)

    async def manifest(self, digest: str) -> Manifest | None:
        """Return a manifest as ``Registry.manifest``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.manifest(digest), self.url)

    async def blob(self, digest: str) -> bytes:
        """Return a blob as ``Registry.blob``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.blob(digest), self.url)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Put a tag as ``Registry.tag``."""
        registry = await self._registry()
        return await self._patience.wait_for(registry.tag(manifest, tag), self.url, still_s=_TAGGING_S)
