"""Artifacts beside an image in its repository, as referrers of its digest.

Decides that they are insight: a registry without the API, or one that refuses, is a ``RegistryError`` which callers
turn into a debug line; nothing is put under a fallback tag, which an immutable repository would keep for ever. One
manifest is put for each artifact, at the registry's rate. Leaves the form to ``core.oci.artifact``.
"""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Callable, Collection
from typing import Final

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.core.oci.artifact import EMPTY, Artifact, Referrer, digest_of, read_referrers
from fast_container.core.oci.manifest import Descriptor, parse_manifest
from fast_container.core.oci.media_types import OCI_MANIFEST
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError

_LARGEST_DOCUMENT: Final = 16_000_000


class Referrers:
    """The artifacts of one repository; everything here blocks.

    Args:
        registry: Returns the repository's client.
    """

    def __init__(self, registry: Callable[[], OciRegistry]) -> None:
        self._registry = registry
        self._held: set[str] = set()

    def attach(
        self,
        artifact: Artifact,
        subject: Manifest,
        given_up: threading.Event | None = None,
        *,
        unique: Collection[str] = (),
    ) -> str:
        """Put an artifact beside an image; return the artifact's digest, or "" if it was given up before its turn.

        Images go first: an artifact is put when no image needs the registry's rate.

        Args:
            artifact: What is put.
            subject: The image.
            given_up: Set when it is not wanted any more.
            unique: Media types of documents that no other artifact has: the registry is not asked for them first.

        Raises:
            RegistryError: The registry refused, or does not list referrers: then the artifact is not found again.
        """
        registry = self._registry()
        if not registry.spare_turn(given_up or threading.Event()):
            return ""
        self._put_blob(registry, EMPTY, is_unique=False)
        for media_type, document in artifact.documents.items():
            self._put_blob(registry, document, is_unique=media_type in unique)
        of = Descriptor(subject.media_type, subject.digest, len(subject.content))
        content = artifact.manifest(of)
        manifest = Manifest(digest_of(content), OCI_MANIFEST, content)
        response = registry.put_manifest(manifest, manifest.digest, has_turn=True)
        if response.status not in (200, 201, 202):
            raise registry.error(response, "The registry did not accept what belongs to an image.")
        return manifest.digest

    def find(self, digest: str, kind: str) -> list[Referrer]:
        """Return the artifacts of one type beside an image.

        Raises:
            RegistryError: The registry has no such API, or could not be asked.
        """
        return self._listed(digest, f"?{urllib.parse.urlencode({'artifactType': kind})}", kind)

    def all(self, digest: str) -> list[Referrer]:
        """Return all artifacts beside an image; raises as ``find``."""
        return self._listed(digest, "", None)

    def _listed(self, digest: str, query: str, kind: str | None) -> list[Referrer]:
        registry = self._registry()
        response = registry.send("GET", f"/referrers/{digest}{query}", {"Accept": "*/*"})
        if response.status != 200:
            raise registry.error(response, f"The registry did not list what belongs to {digest}.")
        try:
            return read_referrers(response.body, kind)
        except ValueError as error:
            raise RegistryError(
                "The registry's list of referrers cannot be read.", where=f"{registry.url}@{digest}", why=str(error)
            ) from error

    def document(self, referrer: Referrer, media_type: str) -> bytes | None:
        """Return an artifact's document of a media type; None if it has none that is small enough.

        Raises:
            RegistryError: The registry did not return it.
        """
        registry = self._registry()
        manifest = registry.manifest_blocking(referrer.digest)
        try:
            documents = parse_manifest(manifest.content).layers if manifest else ()
        except ValueError:
            return None
        for one in documents:
            if one.media_type == media_type and one.size <= _LARGEST_DOCUMENT:
                return registry.blob_blocking(one.digest)
        return None

    def _put_blob(self, registry: OciRegistry, content: bytes, *, is_unique: bool) -> None:
        digest = digest_of(content)
        if digest in self._held:
            return
        if not is_unique and registry.send("HEAD", f"/blobs/{digest}", {}).status == 200:
            self._held.add(digest)
            return
        begun = registry.send("POST", "/blobs/uploads/", {})
        location = begun.headers.get("location", "")
        if begun.status != 202 or not location:
            raise registry.error(begun, "The registry did not begin an upload.")
        place = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        sent = registry.upload(place, len(content), [content])
        if sent.status not in (201, 202, 204):
            raise registry.error(sent, f"The registry did not accept the blob {digest}.")
        self._held.add(digest)
