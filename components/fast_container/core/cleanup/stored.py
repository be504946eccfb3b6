"""An image, an index or an artifact as a repository holds it.

Decides what its tags say about it: a key tag is an image of ours, ``cache-…`` a build cache unless it is an image that
can run, ``refused-…`` the mark of an image that did not pass its checks, ``sha256-…`` what tools without the referrers
API put beside an image; every other tag belongs to the user.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from fast_container.core.json_document import object_field, parse_object, string_field
from fast_container.core.key import is_key_tag
from fast_container.core.oci.manifest import parse_manifest
from fast_container.core.oci.media_types import IMAGE_CONFIGS, MANIFEST_TYPES, RECORD
from fast_container.core.records.record import BASES_TOLD, NAME_TOLD

_BESIDE: Final = re.compile(r"sha256-([0-9a-f]{64})(?:\.[a-z]+)?", re.ASCII)
_CACHE: Final = "cache-"
_REFUSED: Final = re.compile(r"refused-[0-9a-f]{40}", re.ASCII)


class Kind(Enum):
    """What a manifest is, by its tags and its subject."""

    IMAGE = "image"
    CACHE = "cache"
    USERS = "tag of yours"
    REFERRER = "referrer"
    UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One manifest of a repository.

    Attributes:
        repository: ``host/name``.
        digest: The manifest's.
        tags: All tags that name it.
        pushed: Seconds since the epoch.
        size_bytes: As the registry counts it.
        children: Digests that an index lists.
        subject: The digest that it refers to, or "".
        layers: Digests of its layers, in order.
        blobs: Digest → bytes, of its configuration and layers.
        image_name: Of a record: the name of its image in the program, or "".
        bases: Of a record: key tags of the bases of its image.
        runs: Whether it is an image that can run, or lists such ones; a build cache is neither.
    """

    repository: str
    digest: str
    tags: tuple[str, ...]
    pushed: float
    size_bytes: int = 0
    children: tuple[str, ...] = ()
    subject: str = ""
    layers: tuple[str, ...] = ()
    blobs: Mapping[str, int] = field(default_factory=dict[str, int])
    image_name: str = ""
    bases: tuple[str, ...] = ()
    runs: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """Repository and digest, which name it."""
        return self.repository, self.digest

    @property
    def key_tags(self) -> tuple[str, ...]:
        """Those of its tags that are build keys."""
        return tuple(tag for tag in self.tags if is_key_tag(tag))

    @property
    def refers_to(self) -> str:
        """The digest that it refers to, as its manifest or its tag says; "" for an image."""
        if self.subject:
            return self.subject
        found = next((match for tag in self.tags if (match := _BESIDE.fullmatch(tag))), None)
        return f"sha256:{found[1]}" if found else ""

    @property
    def kind(self) -> Kind:
        """Return what it is; a tag of the user's comes before all else."""
        if self.users_tags:
            return Kind.USERS
        if self.key_tags:
            return Kind.IMAGE
        if self.refers_to:
            return Kind.REFERRER
        return Kind.CACHE if self.tags else Kind.UNTAGGED

    @property
    def users_tags(self) -> tuple[str, ...]:
        """The tags that fast-container has not put."""
        return tuple(tag for tag in self.tags if not _is_ours(tag, runs=self.runs))


def _is_ours(tag: str, *, runs: bool) -> bool:
    if tag.startswith(_CACHE):
        return not runs
    return is_key_tag(tag) or any(pattern.fullmatch(tag) for pattern in (_REFUSED, _BESIDE))


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a manifest says that a list of images does not: see ``StoredImage``."""

    children: tuple[str, ...] = ()
    subject: str = ""
    layers: tuple[str, ...] = ()
    blobs: Mapping[str, int] = field(default_factory=dict[str, int])
    image_name: str = ""
    bases: tuple[str, ...] = ()
    runs: bool = False


def facts_of(content: bytes | str) -> ManifestFacts:
    """Read a manifest.

    Raises:
        ValueError: It is not one.
    """
    document = parse_object(content)
    parsed = parse_manifest(content if isinstance(content, bytes) else content.encode())
    told = object_field(document, "annotations") if string_field(document, "artifactType") == RECORD else {}
    described = (*parsed.layers, *([parsed.config] if parsed.config else []))
    return ManifestFacts(
        children=tuple(child.digest for child in parsed.children),
        subject=string_field(object_field(document, "subject"), "digest"),
        layers=tuple(layer.digest for layer in parsed.layers),
        blobs={one.digest: one.size for one in described},
        image_name=str(told.get(NAME_TOLD) or ""),
        bases=tuple(tag for tag in str(told.get(BASES_TOLD) or "").split() if is_key_tag(tag)),
        runs=(parsed.config is not None and parsed.config.media_type in IMAGE_CONFIGS)
        or any(child.media_type in MANIFEST_TYPES for child in parsed.children),
    )
