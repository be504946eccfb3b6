"""Makes the image index of images for several platforms.

Decides its bytes: the same images in whatever order give the same index, so that two machines put the same digest.
Leaves the images to the caller, and putting it to a registry.
Source: OCI image specification 1.1, image-index.md; distribution's manifest list, where all images are Docker's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from fast_container.core.oci.manifest import Descriptor
from fast_container.core.oci.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX


def image_index(images: Sequence[Descriptor]) -> tuple[str, bytes]:
    """Return media type and content of an index of images; each descriptor has the platform of its image."""
    are_docker = all(image.media_type == DOCKER_MANIFEST for image in images)
    media_type = DOCKER_LIST if are_docker else OCI_INDEX
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [_entry(image) for image in sorted(images, key=lambda image: image.platform)],
    }
    return media_type, json.dumps(document, separators=(",", ":")).encode()


def _entry(image: Descriptor) -> dict[str, object]:
    names = zip(("os", "architecture", "variant"), image.platform.split("/"), strict=False)
    platform = {field: name for field, name in names if name}
    return {"mediaType": image.media_type, "digest": image.digest, "size": image.size, "platform": platform}
