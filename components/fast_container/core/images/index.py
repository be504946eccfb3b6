"""Which image of an index a platform gets.

Decides as BuildKit does: the platform itself first, then what its processor also runs. Leaves fetching to
``adapters.registry.image_resolver``.
Source: github.com/containerd/platforms v1.0.0-rc.5, ``platformVector`` behind ``platforms.Only``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.core.json_document import object_field, objects_field, parse_object, string_field
from fast_container.core.oci.platform import NotAPlatformError, normal_platform

INDEX_TYPES: Final = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
"""Media types of manifests that list one image for each platform."""


def image_of_platform(index: bytes, platform: str) -> str:
    """The digest of the image that BuildKit takes from an index for a platform; ``""`` where there is none.

    Args:
        index: The index's bytes.
        platform: In normal form (``core.oci.platform.normal_platform``).

    Raises:
        ValueError: It is not an index.
    """
    images = list(_images(index))
    for candidate in _candidates(platform):
        for offered, digest in images:
            if offered == candidate:
                return digest
    return ""


def platforms_of(index: bytes) -> tuple[str, ...]:
    """The platforms that an index has images for, in its order; attestations are left out."""
    return tuple(dict.fromkeys(platform for platform, _ in _images(index)))


def _images(index: bytes) -> Iterator[tuple[str, str]]:
    for entry in objects_field(parse_object(index), "manifests"):
        described = object_field(entry, "platform")
        parts = [string_field(described, name) for name in ("os", "architecture", "variant")]
        try:
            platform = normal_platform("/".join(part for part in parts if part))
        except NotAPlatformError:
            continue
        if platform and parts[0] != "unknown":
            yield platform, string_field(entry, "digest")


def _candidates(platform: str) -> Iterator[str]:
    """Platforms in the order in which they are taken."""
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    yield platform
    if architecture == "amd64":
        yield from (f"{system}/amd64/v{number}" for number in range(_number(variant) - 1, 1, -1))
        if _number(variant) > 1:
            yield f"{system}/amd64"
        yield f"{system}/386"
    elif architecture == "arm":
        yield from (f"{system}/arm/v{number}" for number in range(_number(variant) - 1, 4, -1))
    elif architecture == "arm64":
        if variant == "v9":
            yield from (f"{system}/arm64/v8.{minor}" for minor in range(5, 0, -1))
            yield f"{system}/arm64"
        yield from (f"{system}/arm/v{number}" for number in range(8, 4, -1))


def _number(variant: str) -> int:
    return int(variant[1:]) if variant[1:].isdecimal() else 0
