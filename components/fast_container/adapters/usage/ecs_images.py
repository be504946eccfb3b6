"""The images in answers of ECS: what a task definition declares, and what a container was resolved to.

Decides that a digest counts beside the reference that it was resolved from.
"""

from __future__ import annotations

from collections.abc import Iterable

from fast_container.adapters.aws_lists import Json


def declared_images(definition: Json) -> tuple[str, ...]:
    """Return the images of a task definition's containers."""
    containers: Iterable[Json] = definition.get("containerDefinitions") or ()
    return tuple(str(one["image"]) for one in containers if one.get("image"))


def resolved_images(containers: Iterable[Json]) -> list[str]:
    """Return what containers of a task or of a service revision run: digest and reference."""
    return [str(one[name]) for one in containers for name in ("imageDigest", "image") if one.get(name)]
