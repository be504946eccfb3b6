"""Artifacts that refer to an image: what is known about it, kept beside it.

Decides the form of the manifest (OCI image specification 1.1, "Guidelines for Artifact Usage": an artifact type, the
empty configuration, one layer a document, a subject) and how a list of referrers is read. Leaves what the documents
hold to others, and sending them to ``adapters.registry.referrers``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fast_container.core.json_document import is_digest, object_field, objects_field, parse_object, string_field
from fast_container.core.oci.manifest import Descriptor
from fast_container.core.oci.media_types import EMPTY_TYPE, OCI_MANIFEST

EMPTY: Final = b"{}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """What is attached to an image.

    Attributes:
        kind: Its artifact type.
        documents: Media type → content.
        annotations: For a reader of the list of referrers, who need not read the documents.
    """

    kind: str
    documents: Mapping[str, bytes]
    annotations: Mapping[str, str]

    def manifest(self, subject: Descriptor) -> bytes:
        """The content of its manifest, as a referrer of an image."""
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "artifactType": self.kind,
                "config": _descriptor(EMPTY_TYPE, EMPTY),
                "layers": [_descriptor(media_type, content) for media_type, content in self.documents.items()],
                "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
                "annotations": dict(self.annotations),
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()


@dataclass(frozen=True, slots=True)
class Referrer:
    """One entry of a list of referrers: digest and annotations of an artifact."""

    digest: str
    kind: str
    annotations: Mapping[str, str]


def read_referrers(content: bytes, kind: str | None) -> list[Referrer]:
    """Read a registry's list, and keep the artifacts of one type, or all for None: a registry need not filter.

    Raises:
        ValueError: It is not such a list.
    """
    found: list[Referrer] = []
    for entry in objects_field(parse_object(content), "manifests"):
        digest = string_field(entry, "digest")
        own = string_field(entry, "artifactType")
        if kind in (None, own) and is_digest(digest):
            told = object_field(entry, "annotations")
            found.append(Referrer(digest, own, {name: str(value) for name, value in told.items()}))
    return found


def digest_of(content: bytes) -> str:
    """``sha256:<hex>`` of a content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
