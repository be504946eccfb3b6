"""Base images of ours in a declaration: stand-ins until the build, and the facts known of them before.

Decides that a base of another platform than its use is refused. Leaves finding the base in a registry to the build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fast_container.core.dockerfile import DockerfileReads
from fast_container.errors import ArgsError, bracketed

OWN_BASE_HOST: Final = "fast-container.invalid"
"""Host of the constant references that stand for base images of ours until the build."""


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """The facts of a base image of ours that are known before anything is built.

    Attributes:
        platform: Its platform in normal form; ``""`` if unknown.
        onbuild: The ``ONBUILD`` triggers that it passes on; None if unknown.
    """

    platform: str = ""
    onbuild: tuple[str, ...] | None = None


def is_own_base(place: str) -> bool:
    """Whether a named context's reference stands for a base image of ours, not for an external image."""
    return place.startswith(f"docker-image://{OWN_BASE_HOST}/")


def base_platforms(reads: DockerfileReads, alias: str) -> tuple[str, ...]:
    """List the platforms for which a base image of ours is needed, as far as they are known before the build."""
    return tuple(dict.fromkeys(use.platform for use in reads.starts if use.context == alias and use.platform))


def check_base_platforms(
    bases: Mapping[str, BaseFacts], reads: DockerfileReads, *, build_args: Mapping[str, str], file: str
) -> None:
    """Refuse a base image of ours for another platform than a stage that starts or copies from it.

    Args:
        bases: Stand-in → facts of the base.
        reads: What the image's Dockerfile reads.
        build_args: Name → value; the name whose value is a stand-in is the base's name in the message.
        file: The Dockerfile, for the message.

    Raises:
        ArgsError: With both platforms.
    """
    for use in reads.starts:
        base = bases.get(use.context)
        if base is None or not base.platform or use.platform in ("", base.platform):
            continue
        name = next((arg for arg, value in build_args.items() if value == use.context), use.context)
        raise ArgsError(
            f"The base image {name!r} is for {base.platform}, and is used for {use.platform}.",
            property_path=f"base_images{bracketed(name)}",
            why=f"{file}:{use.line} starts or copies from it, and the image would hold programs for {base.platform}",
            next_step=f'Give the base one image for each platform, BaseImage(…, platforms=["{base.platform}",'
            f' "{use.platform}"]); a stage that only produces files can say FROM --platform={base.platform}',
        )
