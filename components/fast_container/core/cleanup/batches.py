"""What is deleted together, and in which order.

Decides that at most a hundred ids go in one call, of one repository; that indexes go before the images that they list,
since a registry refuses the reverse; and how an image is named: each tag together with its digest, so that a tag that
was moved meanwhile, and an image that has got a further tag, are left alone. Only what has no tag is named by its
digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fast_container.core.cleanup.stored import Kind, StoredImage

IDS_PER_CALL: Final = 100


def ids_of(image: StoredImage) -> list[dict[str, str]]:
    """Return the ids that delete an image, as ECR's ``imageIds``."""
    if not image.tags:
        return [{"imageDigest": image.digest}]
    return [{"imageTag": tag, "imageDigest": image.digest} for tag in image.tags]


def batches(images: Iterable[StoredImage]) -> list[list[StoredImage]]:
    """Group images for calls: of one repository, in order, with at most so many ids as a call takes.

    An image with more tags than that is a batch by itself.
    """
    found: list[list[StoredImage]] = []
    count = 0
    for image in sorted(images, key=lambda one: (one.repository, _rank(one), one.pushed, one.digest)):
        ids = max(len(image.tags), 1)
        if not found or found[-1][0].repository != image.repository or count + ids > IDS_PER_CALL:
            found.append([])
            count = 0
        found[-1].append(image)
        count += ids
    return found


def _rank(image: StoredImage) -> int:
    if image.children:
        return 0
    return 1 if image.tags and image.kind is not Kind.REFERRER else 2
