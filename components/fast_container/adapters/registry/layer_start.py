"""The first bytes of a layer, by one ranged request; satisfies ``core.ports.LayerReader``.

Decides nothing about what is in them. They are a part, so no digest can be checked: what is concluded from them may
only ever refuse an image.
"""

from __future__ import annotations

from collections.abc import Callable

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread


class RegistryLayers:
    """Reads from any repository that the program reaches.

    Args:
        oci_of: The client of ``host/name``; called in a thread.
    """

    def __init__(self, oci_of: Callable[[str], OciRegistry]) -> None:
        self._oci_of = oci_of

    async def start(self, repository_url: str, digest: str, size: int, most: int) -> bytes:
        """As ``LayerReader.start``."""
        return await in_thread(self._start, repository_url, digest, min(size, most))

    def _start(self, url: str, digest: str, wanted: int) -> bytes:
        if not wanted:
            return b""
        registry = self._oci_of(url)
        headers = {"Accept": "*/*", "Range": f"bytes=0-{wanted - 1}"}
        response = registry.send("GET", f"/blobs/{digest}", headers, follow=True)
        if response.status not in (200, 206):
            raise registry.error(response, f"The registry did not give the blob {digest}.")
        return response.body[:wanted]
