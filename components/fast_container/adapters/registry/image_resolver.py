"""Looks up the names of external images: their digests and configurations.

Decides which registry is asked (a mirror stands in for its host) and that every name is looked up once, all at the same
time. Leaves which images are needed to ``core.images.pins``, the protocol and credentials to
``adapters.registry.registries``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Final

from fast_container.core.dockerfile import ImageFacts
from fast_container.core.images.index import image_of_platform, platforms_of
from fast_container.core.images.lock import LockedImage, PlatformImage
from fast_container.core.oci.configuration import ImageConfiguration, parse_configuration
from fast_container.core.oci.manifest import parse_manifest
from fast_container.core.oci.media_types import INDEX_TYPES
from fast_container.core.oci.platform import NotAPlatformError, normal_platform
from fast_container.core.oci.reference import Reference, parse_reference
from fast_container.core.oci.repository import canonical_host, is_host
from fast_container.core.ports import Manifest, Registry
from fast_container.errors import ArgsError, RegistryError

MIRRORS_VARIABLE: Final = "FAST_CONTAINER_REGISTRY_MIRRORS"
"""``HOST=HOST,…``: registries that are asked instead, such as ``docker.io=mirror.example.com``."""

OpenRepository = Callable[[str], Registry]
"""Opens ``host/name``."""


class AbsentImageError(RegistryError):
    """The registry answered, and the image does not exist or not for that platform."""


def parse_mirrors(settings: Iterable[str], where: str) -> dict[str, str]:
    """Return host → the host that is asked instead.

    Args:
        settings: Each ``HOST=HOST``; empty ones do not count.
        where: The place of the settings, for messages.

    Raises:
        ArgsError: One is not of that form.
    """
    mirrors: dict[str, str] = {}
    for setting in settings:
        host, equals, mirror = setting.strip().partition("=")
        if not equals and not host:
            continue
        if not is_host(host) or not is_host(mirror):
            raise ArgsError(
                f"{setting!r} is not of the form HOST=HOST.",
                property_path=where,
                next_step="For example: docker.io=mirror.example.com:5000",
            )
        mirrors[canonical_host(host)] = mirror
    return mirrors


class ImageResolver:
    """Lookups of one program or command.

    Args:
        open_repository: Opens the repository of an image.
        mirrors: Host → the host that is asked instead. The host itself is not tried after it.
        trusted: Reference in normal form → digest that replaces its tag in the lookup.
    """

    def __init__(
        self,
        open_repository: OpenRepository,
        mirrors: Mapping[str, str] | None = None,
        trusted: Mapping[str, str] | None = None,
    ) -> None:
        self._open = open_repository
        self._mirrors = dict(mirrors or {})
        self._trusted = dict(trusted or {})
        self._tops: dict[str, asyncio.Task[tuple[Registry, Manifest]]] = {}
        self._images: dict[tuple[str, str], asyncio.Task[LockedImage]] = {}

    async def resolve(self, reference: str, platform: str) -> LockedImage:
        """Return what a reference names now; looked up once, however often this is called.

        Args:
            reference: In normal form.
            platform: In normal form; ``""`` if only the reference's own digest is wanted.

        Raises:
            AbsentImageError: There is no such image.
            RegistryError: The registry could not be asked.
        """
        key = (reference, platform)
        if key not in self._images:
            self._images[key] = asyncio.ensure_future(self._resolve(reference, platform))
        return await asyncio.shield(self._images[key])

    async def _resolve(self, reference: str, platform: str) -> LockedImage:
        if reference not in self._tops:
            self._tops[reference] = asyncio.ensure_future(self._top(reference))
        registry, top = await asyncio.shield(self._tops[reference])
        manifest = top
        if top.media_type in INDEX_TYPES:
            if not platform:
                return LockedImage(top.digest)
            manifest = await _of_platform(registry, top, reference, platform)
        described = await _configuration(registry, manifest, reference)
        image = PlatformImage(manifest.digest, ImageFacts(described.env, described.onbuild))
        return LockedImage(top.digest, {platform or _normal(described.platform): image})

    async def _top(self, reference: str) -> tuple[Registry, Manifest]:
        """Return the manifest under the reference's tag or digest."""
        parsed = parse_reference(reference)
        registry = self._open(f"{self._mirrors.get(parsed.host, parsed.host)}/{parsed.path}")
        digest = parsed.digest or self._trusted.get(reference, "")
        if digest:
            found = await registry.manifest(digest)
        else:
            found = (await registry.find([parsed.tag])).get(parsed.tag)
        if found is None:
            raise AbsentImageError(
                f"There is no image {reference}{'' if parsed.digest or not digest else f' with the digest {digest}'}.",
                where=registry.url,
                next_step=_step(parsed, by_lock=bool(digest and not parsed.digest)),
            )
        return registry, found


def _step(parsed: Reference, *, by_lock: bool) -> str:
    if by_lock:
        return "Run: fast-container lock --update"
    return f"Check the name; {parsed.host} may also hide a repository that the identity in use may not read."


async def _of_platform(registry: Registry, index: Manifest, reference: str, platform: str) -> Manifest:
    with _readable(reference, registry.url):
        digest = image_of_platform(index.content, platform)
        offered = ", ".join(platforms_of(index.content))
    found = await registry.manifest(digest) if digest else None
    if found is None:
        raise AbsentImageError(
            f"{reference} has no image for {platform}.",
            where=registry.url,
            why=f"its index names {offered}" if not digest else f"the registry does not hold {digest}",
        )
    return found


async def _configuration(registry: Registry, manifest: Manifest, reference: str) -> ImageConfiguration:
    with _readable(reference, registry.url):
        config = parse_manifest(manifest.content).config
        digest = config.digest if config else ""
    if not digest:
        raise AbsentImageError(
            f"{reference} is not an image that a build can start from.",
            where=registry.url,
            why=f"its manifest is of the type {manifest.media_type} and names no configuration",
        )
    content = await registry.blob(digest)
    with _readable(reference, registry.url):
        return parse_configuration(content)


@contextmanager
def _readable(reference: str, where: str) -> Generator[None]:
    try:
        yield
    except ValueError as error:
        raise RegistryError(
            f"The registry's answer about {reference} cannot be read.", where=where, why=str(error)
        ) from error


def _normal(platform: str) -> str:
    try:
        return normal_platform(platform)
    except NotAPlatformError:
        return "unknown/unknown"
