"""The first bytes of a layer, by one ranged request, and what is in them; satisfies ``core.ports.LayerReader``.

Decides that reading and unpacking are one step of one thread. Leaves what a program is to ``core.layers.programs``. A
part of a layer cannot be checked against a digest, so conclusions from it may only ever refuse an image.
"""

from __future__ import annotations

from collections.abc import Callable

from fast_container.adapters.registry.blob_pieces import read_part
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread
from fast_container.core.layers.programs import LayerPrograms, look


class RegistryLayers:
    """Reads from any repository that the program reaches.

    Args:
        oci_of: Returns the client of ``host/name``; called in a thread.
    """

    def __init__(self, oci_of: Callable[[str], OciRegistry]) -> None:
        self._oci_of = oci_of

    async def programs(self, repository_url: str, digest: str, size: int, most: int, platform: str) -> LayerPrograms:
        """Look as ``LayerReader.programs``."""
        return await in_thread(self._programs, repository_url, digest, size, min(size, most), platform)

    def _programs(self, url: str, digest: str, size: int, wanted: int, platform: str) -> LayerPrograms:
        return look(self._start(url, digest, size, wanted), platform)

    def _start(self, url: str, digest: str, size: int, wanted: int) -> bytes:
        if not wanted:
            return b""
        return read_part(self._oci_of(url), digest, 0, wanted, size)[:wanted]
