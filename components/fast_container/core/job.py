"""The job of a selected image: what a build takes from what was selected.

Decides only that. Leaves what selecting does not know (bases' digests, secrets, caches, limits) to who runs builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fast_container.core.context import SelectedImage
from fast_container.core.ports import BuildJob


def job_of(selected: SelectedImage, repository_url: str, named_images: Mapping[str, str], **known: Any) -> BuildJob:
    """A job.

    Args:
        selected: The image.
        repository_url: Where it is pushed to.
        named_images: Name → reference, with the bases' digests.
        **known: Further fields of ``BuildJob``.
    """
    declared = selected.declared
    return BuildJob(
        name=declared.name,
        key=selected.key,
        repository_url=repository_url,
        dockerfile=selected.dockerfile_text,
        dockerfile_name=declared.dockerfile_name,
        contexts=selected.contexts,
        platform=declared.platform,
        target=declared.target,
        build_args=declared.build_args,
        labels=declared.labels,
        named_images=named_images,
        source_policy=declared.source_policy,
        **known,
    )
