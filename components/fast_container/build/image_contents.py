"""Reads an image with its files: manifest, configuration and every layer, without a daemon.

Decides which image of an index is read, and that layers which cannot be read leave an image whose files are unknown,
with the reason: a rule that needs them then says so, and never passes. Leaves bytes to a ``Registry`` and a
``LayerLister``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from fast_container.checks.image.lookup import resolve
from fast_container.checks.manifest_rules import child_for
from fast_container.checks.pushed_image import pushed_configuration, pushed_manifest
from fast_container.core.layers.contents import ImageContents, ImageFiles, ImageLayer, instructions
from fast_container.core.layers.limits import LayerError, Limits
from fast_container.core.layers.merged import merge
from fast_container.core.oci.configuration import ImageConfiguration
from fast_container.core.oci.manifest import ParsedManifest
from fast_container.core.oci.media_types import is_foreign
from fast_container.core.ports import LayerLister, Manifest, Registry
from fast_container.errors import FastContainerError, RegistryError, VerifyError

T = TypeVar("T")
_DEEPEST_INDEX: Final = 3


class Run(Protocol):
    """Runs work that keeps a core busy, away from the event loop."""

    async def __call__(self, work: Callable[[], T], /) -> T:
        """Run it and return its result."""
        ...


async def run_here(work: Callable[[], T], /) -> T:
    """Run work where there is nothing beside it."""
    return work()


async def read_image(
    registry: Registry,
    manifest: Manifest,
    lister: LayerLister,
    *,
    platform: str,
    limits: Limits | None = None,
    run: Run = run_here,
    wanted: Sequence[str] = (),
) -> ImageContents:
    """Read an image.

    Args:
        registry: Its repository.
        manifest: Its manifest, or an index that has it.
        lister: Reads layers.
        platform: Which image of an index is read, ``os/architecture[/variant]``.
        limits: How much of the layers is read.
        run: Puts the layers over one another.
        wanted: Paths of the files whose content is read, too; links are followed.

    Raises:
        VerifyError: It is not an image, or the index has none for that platform.
        RegistryError: The registry could not be asked.
    """
    name = f"{registry.url}@{manifest.digest}"
    image = await image_manifest(registry, manifest, platform=platform)
    assert image.config is not None
    configuration = pushed_configuration(await registry.blob(image.config.digest))
    files, unreadable = None, ""
    contents: Mapping[str, bytes] = {}
    try:
        files = await _files(registry, image, configuration, lister, limits or Limits(), run)
        contents = await _contents(registry, files, lister, wanted)
    except (LayerError, FastContainerError) as error:
        files, unreadable = None, _reason(error)
    return ImageContents(
        name,
        image.media_type,
        pushed_manifest(manifest).is_index,
        tuple((layer.digest, layer.size) for layer in image.layers),
        configuration,
        files,
        unreadable,
        contents,
    )


async def image_manifest(registry: Registry, manifest: Manifest, *, platform: str) -> ParsedManifest:
    """Return the manifest of one image: itself, or that of an index's image for a platform.

    Raises:
        VerifyError: It is not an image, or the index has none for that platform.
        RegistryError: The registry could not be asked.
    """
    where = f"{registry.url}@{manifest.digest}"
    for _ in range(_DEEPEST_INDEX):
        parsed = pushed_manifest(manifest)
        if not parsed.is_index:
            return parsed
        child = child_for(parsed, platform=platform, where=where)
        found = await registry.manifest(child.digest)
        if found is None:
            raise RegistryError("A manifest of the image index is not in the registry.", where=child.digest)
        manifest = found
    raise VerifyError("Image indexes are nested too deeply.", where=where, why=f"more than {_DEEPEST_INDEX} levels")


async def _files(
    registry: Registry,
    image: ParsedManifest,
    configuration: ImageConfiguration,
    lister: LayerLister,
    limits: Limits,
    run: Run,
) -> ImageFiles:
    if len(image.layers) > limits.layers:
        raise LayerError(f"it has {len(image.layers)} layers, the limit is {limits.layers}")
    if foreign := next((layer for layer in image.layers if is_foreign(layer.media_type)), None):
        raise LayerError(f"the layer {foreign.digest} is not in the registry: it is a foreign one")
    sizes = {layer.digest: layer.size for layer in image.layers}
    found = await asyncio.gather(*(lister.listing(registry.url, digest, size) for digest, size in sizes.items()))
    by_digest = dict(zip(sizes, found, strict=True))
    listings = [by_digest[layer.digest] for layer in image.layers]
    if sum(len(listing) for listing in listings) > limits.entries:
        raise LayerError(f"its layers have more than {limits.entries} entries")
    made = instructions(configuration.history, len(listings))
    layers = tuple(
        ImageLayer(layer.digest, layer.size, by, listing)
        for layer, by, listing in zip(image.layers, made, listings, strict=True)
    )
    return ImageFiles(layers, await run(lambda: merge(listings)))


async def _contents(
    registry: Registry, files: ImageFiles, lister: LayerLister, wanted: Sequence[str]
) -> Mapping[str, bytes]:
    by_layer: dict[int, set[str]] = defaultdict(set)
    for path in wanted:
        placed = resolve(files.merged, path)
        if placed is not None:
            by_layer[placed.layer].add(placed.entry.path)
    found: dict[str, bytes] = {}
    for at, paths in by_layer.items():
        layer = files.layers[at]
        found |= await lister.contents(registry.url, layer.digest, layer.compressed_bytes, frozenset(paths))
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, FastContainerError):
        said = " ".join(part for part in (error.what, error.where, error.why) if part)
        return f"{said} {error.next_step}".strip()
    return str(error)
