"""The job of a selected image: what a build takes from what was selected.

Decides only that. Leaves what selecting does not know (bases' digests, secrets, caches, limits) to who runs builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fast_container.core.dockerfile import DockerfileReads
from fast_container.core.oci.image_base import ImageBase
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob
from fast_container.core.select import SelectedImage

_INLINE_CACHE: Final = "BUILDKIT_INLINE_CACHE"


def is_sent(name: str, reads: DockerfileReads) -> bool:
    """Whether a build arg goes to the build: one that can have an effect, or asks for cache data."""
    return name in reads.declared_args or name == _INLINE_CACHE


@dataclass(frozen=True, slots=True)
class OwnBase:
    """A base image of ours: its name for people, and the rules by which its own checks report what is found in it."""

    title: str
    reported: tuple[str, ...] = ()


def image_base(reads: DockerfileReads, own: Mapping[str, OwnBase]) -> ImageBase | None:
    """Return what an image starts from; None for ``scratch``, and where it is not known.

    Args:
        reads: What its Dockerfile reads.
        own: The name in ``FROM`` → the base image of ours.
    """
    if not reads.starts_from or reads.own_steps is None:
        return None
    known = own.get(reads.starts_from)
    if known is not None:
        return ImageBase(known.title, reads.own_steps, known.reported)
    try:
        name = parse_reference(reads.starts_from).familiar
    except NotAReferenceError:
        name = reads.starts_from
    return ImageBase(name, reads.own_steps)


def job_of(
    selected: SelectedImage,
    repository_url: str,
    named_images: Mapping[str, str],
    own_bases: Mapping[str, OwnBase] | None = None,
    **known: Any,
) -> BuildJob:
    """A job.

    Args:
        selected: The image.
        repository_url: Where it is pushed to.
        named_images: Name → reference, with the bases' digests.
        own_bases: The name in ``FROM`` → the base image of ours; None for an image that this Dockerfile need not be of.
        **known: Further fields of ``BuildJob``.
    """
    declared = selected.declared
    # An arg that no reachable stage declares is in no key, so an unknown trigger must not get it either.
    sent = {name: value for name, value in declared.recipe.build_args.items() if is_sent(name, selected.reads)}
    return BuildJob(
        name=declared.name,
        key=selected.key,
        repository_url=repository_url,
        dockerfile=selected.dockerfile_text,
        dockerfile_name=declared.dockerfile_name,
        contexts=selected.contexts,
        recipe=replace(declared.recipe, build_args=sent),
        named_images=named_images,
        source_policy=selected.source_policy,
        assumed=selected.reads.assumed,
        base=None if own_bases is None else image_base(selected.reads, own_bases),
        pull_hosts=tuple(sorted({host_of(image.normalised) for image in selected.reads.external_images})),
        **known,
    )
