"""Layers that several images of one program have: each is read once, also when they are checked at the same time.

Decides that a reading under way is joined, and that it ends when it is no longer waited for. Leaves reading, and
remembering what was read, to the ``LayerLister`` that it wraps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fast_container.core.layers.listing import Listing
from fast_container.core.ports import LayerLister


class SharedListings:
    """Satisfies ``core.ports.LayerLister``.

    Args:
        lister: Reads.
    """

    def __init__(self, lister: LayerLister) -> None:
        self._lister = lister
        self._readings: dict[tuple[str, int], tuple[asyncio.Task[Listing], list[object]]] = {}

    async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
        """Read as ``LayerLister.listing``; of two repositories that have the layer, from the first one's."""
        blob = digest, size
        if blob not in self._readings:
            task = asyncio.create_task(self._lister.listing(repository_url, digest, size))
            task.add_done_callback(lambda _: self._readings.pop(blob, None))
            self._readings[blob] = task, []
        reading, waiting = self._readings[blob]
        me = object()
        waiting.append(me)
        try:
            return await asyncio.shield(reading)
        finally:
            waiting.remove(me)
            if not waiting and not reading.done():
                self._readings.pop(blob, None)
                reading.cancel()

    async def contents(self, repository_url: str, digest: str, size: int, paths: frozenset[str]) -> Mapping[str, bytes]:
        """Read as ``LayerLister.contents``; each asks for files of its own."""
        return await self._lister.contents(repository_url, digest, size, paths)
