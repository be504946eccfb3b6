"""The job of a selected image: what a build takes from what was selected.

Decides only that. Leaves what selecting does not know (bases' digests, secrets, caches, limits) to who runs builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fast_container.core.dockerfile import DockerfileReads
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob
from fast_container.core.select import SelectedImage

_INLINE_CACHE: Final = "BUILDKIT_INLINE_CACHE"


def is_sent(name: str, reads: DockerfileReads) -> bool:
    """Whether a build arg goes to the build: one that can have an effect, or asks for cache data."""
    return name in reads.declared_args or name == _INLINE_CACHE


def job_of(selected: SelectedImage, repository_url: str, named_images: Mapping[str, str], **known: Any) -> BuildJob:
    """A job.

    Args:
        selected: The image.
        repository_url: Where it is pushed to.
        named_images: Name → reference, with the bases' digests.
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
        pull_hosts=tuple(sorted({host_of(image.normalised) for image in selected.reads.external_images})),
        **known,
    )
