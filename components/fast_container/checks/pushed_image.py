"""A pushed image as its registry describes it: manifest and configuration, parsed.

Decides what a manifest says. Leaves which of it is allowed to the rules beside it, and fetching to the
pipeline.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

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
    document = _object(manifest.content, "manifest")
    media_type = manifest.media_type or str(document.get("mediaType", ""))
    children = tuple(_descriptor(d) for d in _list(document.get("manifests")))
    layers = tuple(_descriptor(d) for d in _list(document.get("layers")))
    if isinstance(document.get("config"), dict):
        return ParsedManifest(media_type, _descriptor(document["config"]), layers, ())
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
    document = _object(configuration, "configuration")
    names = [document.get(name) for name in ("os", "architecture", "variant")]
    if not names[0] or not names[1]:
        raise VerifyError("The image's configuration names no platform.")
    return "/".join(str(name) for name in names if name)


def onbuild_of(configuration: bytes) -> tuple[str, ...]:
    """The ``ONBUILD`` triggers of an image configuration.

    Raises:
        VerifyError: It cannot be read.
    """
    config: object = _object(configuration, "configuration").get("config")
    fields = cast("dict[str, Any]", config) if isinstance(config, dict) else {}
    return tuple(str(trigger) for trigger in _list(fields.get("OnBuild")))


def _descriptor(value: object) -> Descriptor:
    fields = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    platform = cast("dict[str, Any]", fields.get("platform") or {})
    annotations = cast("dict[str, Any]", fields.get("annotations") or {})
    names = [platform.get(name) for name in ("os", "architecture", "variant")]
    return Descriptor(
        media_type=str(fields.get("mediaType", "")),
        digest=str(fields.get("digest", "")),
        size=int(fields.get("size", 0)),
        platform="/".join(str(name) for name in names if name),
        attestation=annotations.get("vnd.docker.reference.type") == "attestation-manifest",
    )


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _object(content: bytes, name: str) -> dict[str, Any]:
    try:
        loaded: object = json.loads(content)
    except ValueError as error:
        raise VerifyError(f"The pushed image's {name} is not JSON.", why=str(error)) from error
    if not isinstance(loaded, dict):
        raise VerifyError(f"The pushed image's {name} is not a JSON object.")
    return cast("dict[str, Any]", loaded)
