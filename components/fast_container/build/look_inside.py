"""Looks into the layers of an image that was just built, before it is tagged.

Decides how much of a layer is read: its first part, a second one if that shows nothing, and no layer twice in one
program. A layer that cannot be read does not refuse an image: a note says so. Leaves reading and unpacking to a
``LayerReader``, and the rule to ``checks.programs``.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fast_container.checks.programs import check_programs
from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.layers.programs import LayerPrograms, is_known
from fast_container.core.oci.manifest import Descriptor
from fast_container.core.oci.media_types import is_foreign
from fast_container.core.ports import LayerReader, Manifest, Reporter
from fast_container.errors import RegistryError

_PARTS: Final = (256 * 1024, 1024 * 1024)
_AT_ONCE: Final = 4


class LayerLooks:
    """The programs in the layers of one program's images; each layer is read once for each platform.

    Args:
        reader: Reads the start of a layer.
    """

    def __init__(self, reader: LayerReader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, str], LayerPrograms] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def check(self, manifest: Manifest, *, repository_url: str, platform: str, reporter: Reporter) -> None:
        """Refuse an image whose programs are for another platform.

        Raises:
            VerifyError: They are.
        """
        parsed = pushed_manifest(manifest)
        if parsed.is_index or not is_known(platform):
            return
        layers = {layer.digest: layer for layer in parsed.layers if not _is_unreadable(layer)}
        found = await asyncio.gather(
            *(self._look(repository_url, layer, platform, reporter) for layer in layers.values())
        )
        where = f"{repository_url}@{manifest.digest}"
        check_programs(dict(zip(layers, found, strict=True)), platform=platform, where=where)

    async def _look(self, url: str, layer: Descriptor, platform: str, reporter: Reporter) -> LayerPrograms:
        key = (layer.digest, platform)
        if key in self._known:
            return self._known[key]
        found = LayerPrograms(False)
        async with self._places:
            for part in _PARTS:
                try:
                    found = await self._reader.programs(url, layer.digest, layer.size, part, platform)
                except RegistryError as error:
                    reporter.note(f"not looked into layer {layer.digest[:19]}: {error.what}")
                    return found
                if found.fits or layer.size <= part:
                    break
        self._known[key] = found
        return found


def _is_unreadable(layer: Descriptor) -> bool:
    return is_foreign(layer.media_type) or "zstd" in layer.media_type
