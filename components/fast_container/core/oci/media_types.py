"""The media types of images: manifests, image indexes and layers, OCI's and Docker's.

Decides which media types exist, and which layers may not be passed on. Leaves which of them a place accepts to
``checks``.
"""

from __future__ import annotations

from typing import Final

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1+json"

IMAGE_CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
"""The configuration of an image that can run."""
EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
"""The configuration of an artifact that is not an image."""
RECORD: Final = "application/vnd.fast-container.record.v1"
"""The artifact beside an image that says how it was built."""
RECORD_JSON: Final = "application/vnd.fast-container.record.v1+json"
"""Its record."""
RECORD_INPUTS: Final = "application/vnd.fast-container.inputs.v1+json+zlib"
"""Its inputs: path, type, mode and digest of each."""

REFUSED_IMAGE: Final = "application/vnd.fast-container.refused-image.v1"
"""Of our own: the mark of an image that did not pass its checks."""

MANIFEST_TYPES: Final = (OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_LIST, DOCKER_SCHEMA_1)
"""All media types that a registry may be asked for."""
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
"""Media types that list one image for each platform."""
PLAIN_LAYERS: Final = frozenset(
    {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    }
)
"""Layers that are plain tar or gzip."""
_FOREIGN: Final = ("foreign", "nondistributable")


def is_foreign(media_type: str) -> bool:
    """Whether a layer may not be passed on: it is pulled from where the manifest says."""
    return any(word in media_type for word in _FOREIGN)
