"""Manifests and image indexes, read: what they refer to.

Decides what their bytes say, with every field of the type that the OCI image specification gives it. Leaves what is
allowed to ``checks``, and fetching to who reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fast_container.core.json_document import object_field, objects_field, parse_object, size_field, string_field


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest refers to: media type, digest, size in bytes; an index's child has a platform."""

    media_type: str
    digest: str
    size: int
    platform: str = ""
    attestation: bool = False


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """A manifest or an index.

    Attributes:
        media_type: The registry's, or the manifest's own where the registry gave none.
        config: The configuration of a manifest; None for an index.
        layers: The layers of a manifest.
        children: The manifests of an index.
        lists_manifests: There is a list of manifests, be it an empty one.
    """

    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    lists_manifests: bool = False

    @property
    def is_index(self) -> bool:
        """Whether it is an image index (OCI) or manifest list (Docker)."""
        return self.config is None

    @property
    def compressed_bytes(self) -> int:
        """Configuration and layers, as stored and pulled."""
        return sum(d.size for d in (*self.layers, *([self.config] if self.config else [])))


def parse_manifest(content: bytes, media_type: str = "") -> ParsedManifest:
    """Read a manifest's bytes; what has neither a configuration nor manifests is read too.

    Raises:
        ValueError: It is not a JSON object, or a field has another type.
    """
    document = parse_object(content)
    config = object_field(document, "config")
    return ParsedManifest(
        media_type or string_field(document, "mediaType"),
        _descriptor(config) if config else None,
        tuple(_descriptor(entry) for entry in objects_field(document, "layers")),
        tuple(_descriptor(entry) for entry in objects_field(document, "manifests")),
        isinstance(document.get("manifests"), list),
    )


def platform_fields(fields: Mapping[str, Any]) -> tuple[str, str, str]:
    """Operating system, architecture and variant, as indexes and configurations have them.

    Raises:
        ValueError: One is not a string.
    """
    return string_field(fields, "os"), string_field(fields, "architecture"), string_field(fields, "variant")


def _descriptor(fields: Mapping[str, Any]) -> Descriptor:
    platform, annotations = object_field(fields, "platform"), object_field(fields, "annotations")
    return Descriptor(
        media_type=string_field(fields, "mediaType"),
        digest=string_field(fields, "digest"),
        size=size_field(fields, "size"),
        platform="/".join(name for name in platform_fields(platform) if name),
        attestation=annotations.get("vnd.docker.reference.type") == "attestation-manifest",
    )
