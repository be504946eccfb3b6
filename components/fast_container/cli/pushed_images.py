"""Images that are read where they lie, without a daemon: in a registry, of a plan file, or in an OCI layout.

Decides how the command line names one, and that all of a command are read over the same connections and the same
remembered listings. Leaves reading to ``build.image_contents``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from fast_container.adapters.layers.listing_cache import ListingCache
from fast_container.adapters.layers.oci_layout import SCHEME, OciLayout
from fast_container.adapters.layers.registry_listings import PiecesOf, RegistryListings
from fast_container.adapters.registry.image_resolver import MIRRORS_VARIABLE, AbsentImageError, parse_mirrors
from fast_container.adapters.registry.registries import Registries
from fast_container.build.image_contents import image_manifest, read_image
from fast_container.core.aws_access import AwsAccess
from fast_container.core.cache_folder import cache_folder
from fast_container.core.job import image_base
from fast_container.core.json_document import is_digest
from fast_container.core.layers.contents import ImageContents
from fast_container.core.oci.image_base import ImageBase
from fast_container.core.oci.platform import NotAPlatformError, normal_platform
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.ports import Credentials, Manifest, Registry
from fast_container.errors import ArgsError, RegistryError


class PushedImages:
    """Reads images.

    Args:
        platform: Which image of an index is read, as ``--platform`` gives it.

    Raises:
        ArgsError: The platform cannot be read.
    """

    def __init__(self, platform: str) -> None:
        try:
            self._platform = normal_platform(platform)
        except NotAPlatformError as error:
            raise ArgsError(
                "The platform cannot be read.", property_path="--platform", why=str(error), next_step="Say linux/arm64."
            ) from None
        self._registries = Registries(AwsAccess(), os.environ)
        self._cache = ListingCache(cache_folder(os.environ) / "layers")

    def close(self) -> None:
        """Close the connections."""
        self._registries.close()

    def credentials(self, reference: str) -> dict[str, Credentials]:
        """Return what a build needs, beyond Docker's configuration, to pull an image that was read: host → it."""
        host = parse_reference(reference).host
        found = self._registries.push_credentials(host)
        return {} if found is None else {host: found}

    async def named(self, arguments: argparse.Namespace, wanted: Sequence[str] = ()) -> ImageContents:
        """Read the image of ``REF``, or of ``--plan`` and ``--image``, with the content of some of its files."""
        has_both = arguments.reference is not None and (arguments.plan or arguments.image)
        has_half = (arguments.plan is None) != (arguments.image is None)
        if has_both or has_half or (arguments.reference is None and arguments.plan is None):
            raise ArgsError(
                "Which image is meant is not clear.",
                property_path="REF",
                next_step="Give a reference, or --plan and --image.",
            )
        if arguments.reference is not None:
            return await self.referred(arguments.reference, wanted=wanted)
        return await self._of_registry(*await self._planned(arguments.plan, arguments.image), wanted)

    async def referred(self, said: str, flag: str = "REF", wanted: Sequence[str] = ()) -> ImageContents:
        """Read the image of a reference, which ``flag`` gave."""
        registry, manifest = await self._found(said, flag)
        if isinstance(registry, OciLayout):
            layout = registry
            pieces_of: PiecesOf = lambda _, digest, size: layout.pieces(digest, size)  # noqa: E731 - its type
            lister = RegistryListings(self._registries.oci_blocking, self._cache, pieces_of=pieces_of)
            return await read_image(layout, manifest, lister, platform=self._platform, wanted=wanted)
        return await self._of_registry(registry, manifest, wanted)

    async def layers(self, said: str, flag: str) -> dict[str, int]:
        """Return digest → compressed bytes of an image's layers; nothing of them is read."""
        registry, manifest = await self._found(said, flag)
        image = await image_manifest(registry, manifest, platform=self._platform)
        return {layer.digest: layer.size for layer in image.layers}

    async def _of_registry(self, registry: Registry, manifest: Manifest, wanted: Sequence[str]) -> ImageContents:
        lister = RegistryListings(self._registries.oci_blocking, self._cache)
        return await read_image(registry, manifest, lister, platform=self._platform, wanted=wanted)

    async def _planned(self, plan: str, name: str) -> tuple[Registry, Manifest]:
        from fast_container.cli.planned import (  # noqa: PLC0415 - half of the library
            chosen,
            current_images,
            load_plan,
            look_up,
        )

        entries = load_plan(plan).entries
        chosen(entries, name)
        image = current_images(entries)[name]
        found = (await look_up({name: image}, self._registries)).get(name)
        if found is None:
            raise AbsentImageError(
                f"The image {name} is not in its registry.",
                where=image.entry.repository_url,
                next_step="Build it first: run `pulumi up` or `fast-container warm`.",
            )
        return self._registries.repository(image.entry.repository_url), found

    async def _found(self, said: str, flag: str) -> tuple[Registry, Manifest]:
        if said.startswith(SCHEME):
            return await _in_layout(said.removeprefix(SCHEME))
        try:
            reference = parse_reference(said)
        except NotAReferenceError as error:
            raise ArgsError("The reference cannot be read.", property_path=flag, why=str(error)) from None
        mirrors = parse_mirrors(os.environ.get(MIRRORS_VARIABLE, "").split(","), MIRRORS_VARIABLE)
        registry = self._registries.repository(f"{mirrors.get(reference.host, reference.host)}/{reference.path}")
        tag = reference.tag or "latest"
        if reference.digest:
            found = await registry.manifest(reference.digest)
        else:
            found = (await registry.find([tag])).get(tag)
        if found is None:
            raise AbsentImageError(f"There is no image {reference.normalised}.", where=registry.url)
        return registry, found


def planned_base(plan: str, name: str) -> ImageBase | None:
    """Return what an image of a plan starts from; None for ``scratch``, and where it is not known."""
    from fast_container.cli.planned import current_images, load_plan, own_bases  # noqa: PLC0415 - as above

    images = current_images(load_plan(plan).entries)
    return image_base(images[name].selected.reads, own_bases(images[name], images))


def _parts_of(said: str) -> tuple[Path, str, str]:
    """Cut ``DIR[:TAG][@DIGEST]``; a directory's own name may have a colon."""
    folder, _, digest = said.rpartition("@") if is_digest(said.rpartition("@")[2]) else (said, "", "")
    tag = ""
    if not Path(folder).is_dir():
        start, _, end = folder.rpartition(":")
        folder, tag = (start, end) if start and "/" not in end else (folder, "")
    return Path(folder), tag, digest


async def _in_layout(said: str) -> tuple[OciLayout, Manifest]:
    folder, tag, digest = _parts_of(said)
    layout = OciLayout(folder)
    if digest:
        found = await layout.manifest(digest)
    else:
        found = (await layout.find([tag])).get(tag) if tag else await layout.only()
    if found is None:
        raise RegistryError(f"There is no image {digest or tag} in the OCI layout.", where=layout.url)
    return layout, found
