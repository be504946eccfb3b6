"""Chooses the image of a platform from an index.

Decides as BuildKit does: the platform itself first, then others that its processor also runs. Leaves fetching to
``adapters.registry.image_resolver``.
Source: github.com/containerd/platforms v1.0.0-rc.5, ``platformVector``, which ``platforms.Only`` uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.core.oci.manifest import parse_manifest
from fast_container.core.oci.platform import NotAPlatformError, normal_platform


def image_of_platform(index: bytes, platform: str) -> str:
    """Return the digest of the image that BuildKit chooses for a platform; ``""`` without one.

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
    """List the platforms of an index, in its order; attestations are left out."""
    return tuple(dict.fromkeys(platform for platform, _ in _images(index)))


def _images(index: bytes) -> Iterator[tuple[str, str]]:
    for child in parse_manifest(index).children:
        try:
            platform = normal_platform(child.platform)
        except NotAPlatformError:
            continue
        if platform and not platform.startswith("unknown/"):
            yield platform, child.digest


def _candidates(platform: str) -> Iterator[str]:
    """Platforms in order of preference."""
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
