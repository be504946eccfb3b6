"""A pushed image as its registry describes it: manifest and configuration, parsed.

Decides what a manifest says. Leaves which of it is allowed to the rules beside it, and fetching to the
pipeline.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fast_container.core.json_document import (
    object_field,
    objects_field,
    parse_object,
    size_field,
    string_field,
    strings_field,
)
from fast_container.core.ports import Manifest
from fast_container.errors import VerifyError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


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
    """

    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]

    @property
    def is_index(self) -> bool:
        """Whether it is an image index (OCI) or manifest list (Docker)."""
        return self.config is None

    @property
    def compressed_bytes(self) -> int:
        """Configuration and layers, as stored and pulled."""
        return sum(d.size for d in (*self.layers, *([self.config] if self.config else [])))


def parse_manifest(manifest: Manifest) -> ParsedManifest:
    """Parse what a registry holds.

    Raises:
        VerifyError: It is not an image manifest or index.
    """
    with _readable("manifest", manifest.digest):
        document = parse_object(manifest.content)
        media_type = manifest.media_type or string_field(document, "mediaType")
        children = tuple(_descriptor(entry) for entry in objects_field(document, "manifests"))
        layers = tuple(_descriptor(entry) for entry in objects_field(document, "layers"))
        if config := object_field(document, "config"):
            return ParsedManifest(media_type, _descriptor(config), layers, ())
        if isinstance(document.get("manifests"), list):
            return ParsedManifest(media_type, None, (), children)
    raise VerifyError(
        "What was pushed is neither an image manifest nor an image index.",
        where=manifest.digest,
        why=f"media type {media_type or 'unknown'}",
    )


def platform_of(configuration: bytes) -> str:
    """``os/architecture[/variant]`` of an image configuration.

    Raises:
        VerifyError: It cannot be read, or names no platform.
    """
    with _readable("configuration"):
        document = parse_object(configuration)
        names = [string_field(document, name) for name in ("os", "architecture", "variant")]
    if not names[0] or not names[1]:
        raise VerifyError("The image's configuration names no platform.")
    return "/".join(name for name in names if name)


def onbuild_of(configuration: bytes) -> tuple[str, ...]:
    """The ``ONBUILD`` triggers of an image configuration.

    Raises:
        VerifyError: It cannot be read.
    """
    with _readable("configuration"):
        return tuple(strings_field(object_field(parse_object(configuration), "config"), "OnBuild"))


def _descriptor(fields: Mapping[str, Any]) -> Descriptor:
    platform, annotations = object_field(fields, "platform"), object_field(fields, "annotations")
    names = [string_field(platform, name) for name in ("os", "architecture", "variant")]
    return Descriptor(
        media_type=string_field(fields, "mediaType"),
        digest=string_field(fields, "digest"),
        size=size_field(fields, "size"),
        platform="/".join(name for name in names if name),
        attestation=annotations.get("vnd.docker.reference.type") == "attestation-manifest",
    )


@contextmanager
def _readable(name: str, where: str = "") -> Generator[None]:
    try:
        yield
    except ValueError as error:
        raise VerifyError(f"The pushed image's {name} cannot be read.", where=where, why=str(error)) from error
