"""Manifests and image indexes: what they refer to.

Decides how their bytes are read, with every field of the type that the OCI image specification gives it. Leaves the
rules about their content to ``checks``, and fetching to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fast_container.core.json_document import object_field, objects_field, parse_object, size_field, string_field


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference of a manifest: media type, digest, size in bytes; an index's child has a platform."""

    media_type: str
    digest: str
    size: int
    platform: str = ""
    attestation: bool = False


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """A manifest or an index.

    Attributes:
        media_type: The registry's, or the manifest's own if the registry gave none.
        config: The configuration of a manifest; None for an index.
        layers: The layers of a manifest.
        children: The manifests of an index.
        lists_manifests: Whether there is a list of manifests, even an empty one.
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
        """Size of configuration and layers, as stored and pulled."""
        return sum(d.size for d in (*self.layers, *([self.config] if self.config else [])))


def parse_manifest(content: bytes, media_type: str = "") -> ParsedManifest:
    """Read a manifest's bytes, even one that has neither a configuration nor manifests.

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
    """Return operating system, architecture and variant, as indexes and configurations have them.

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
