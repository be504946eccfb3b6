"""The external images of a program whose names stand for others now than in its lock.

Decides that each name is looked up once, whichever images use it, and that one which cannot be looked up is a note,
not an error. Leaves the lookup to ``adapters.registry.image_resolver``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping

from fast_container.adapters.registry.image_resolver import MIRRORS_VARIABLE, ImageResolver, parse_mirrors
from fast_container.adapters.registry.registries import Registries
from fast_container.core.declared import DeclaredImage
from fast_container.core.json_document import is_digest
from fast_container.core.oci.platform import NotAPlatformError, normal_platform
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.oci.source_policy import SCHEME, digests_of
from fast_container.errors import FastContainerError


async def moved_bases(
    images: Iterable[DeclaredImage], registries: Registries
) -> tuple[Mapping[str, list[str]], list[str]]:
    """Return image name → references that have moved, and notes about those that could not be looked up."""
    mirrors = parse_mirrors(os.environ.get(MIRRORS_VARIABLE, "").split(","), MIRRORS_VARIABLE)
    resolver = ImageResolver(registries.repository, mirrors)
    wanted = [
        (image.name, reference, platform, digests)
        for image in images
        for reference, platform, digests in _pinned(image)
    ]
    found = await asyncio.gather(*(_now(resolver, reference, platform) for _, reference, platform, _ in wanted))
    moved: dict[str, list[str]] = {}
    notes: dict[str, None] = {}
    for (name, reference, _, digests), answer in zip(wanted, found, strict=True):
        if isinstance(answer, str):
            notes[f"{reference} could not be looked up: {answer}"] = None
        elif not answer & digests:
            moved.setdefault(name, []).append(reference)
    return moved, list(notes)


def _pinned(image: DeclaredImage) -> Iterable[tuple[str, str, set[str]]]:
    """Reference, platform and digests of the pins that a name could have moved away from."""
    try:
        platform = normal_platform(image.recipe.platform)
    except NotAPlatformError:
        return
    for written, pin in image.image_pins.items():
        try:
            reference = parse_reference(written.removeprefix(SCHEME))
        except NotAReferenceError:
            continue
        digests = {digest for digest in digests_of(pin).values() if is_digest(digest)}
        if digests and not reference.digest:
            yield reference.normalised, platform, digests


async def _now(resolver: ImageResolver, reference: str, platform: str) -> set[str] | str:
    try:
        found = await resolver.resolve(reference, platform)
    except FastContainerError as error:
        return error.what
    return {found.digest, *(one.digest for one in found.platforms.values())}
