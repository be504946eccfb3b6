"""The mark of an image that did not pass its checks: how the registry says that a key's image is there, untagged.

Decides the mark's form: a manifest of its own under the tag ``refused-…`` that refers to the image as its subject. The
image itself stays untagged, so it expires as untagged images do, and the mark goes with it; the mark holds no bytes
that the image does not have. Putting a mark takes the rights that putting a key tag takes, so it is believed as that
is; and what it leads to is checked again before it gets a key tag. Leaves putting and finding it to ``build.refused``.
"""

from __future__ import annotations

import json
from typing import Any

from fast_container.core.json_document import object_field, parse_object, string_field
from fast_container.core.oci.media_types import OCI_MANIFEST, REFUSED_IMAGE


def refused_tag(key: str) -> str:
    """Return the tag of the mark of a build key (64 hexadecimal digits)."""
    return f"refused-{key[:40]}"


def mark_of(content: bytes, *, digest: str, media_type: str) -> bytes | None:
    """Make the mark of an image; None for one that has no configuration and layer, such as an index.

    Args:
        content: The image's manifest.
        digest: Its digest.
        media_type: Its media type.

    Raises:
        ValueError: It is not a manifest.
    """
    document = parse_object(content)
    layers: list[Any] = document.get("layers") or []
    if not document.get("config") or not layers:
        return None
    mark = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": REFUSED_IMAGE,
        # Blobs that are there already: nothing has to be pushed but this manifest.
        "config": document["config"],
        "layers": layers[:1],
        "subject": {"mediaType": media_type, "digest": digest, "size": len(content)},
    }
    return json.dumps(mark, separators=(",", ":")).encode()


def refused_digest(mark: bytes) -> str:
    """Return the digest of the image that a mark is of; "" if it is not a mark."""
    try:
        document = parse_object(mark)
        is_mark = string_field(document, "artifactType") == REFUSED_IMAGE
        return string_field(object_field(document, "subject"), "digest") if is_mark else ""
    except ValueError:
        return ""
