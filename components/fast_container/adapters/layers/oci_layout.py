"""Images of an OCI layout: a directory as BuildKit (``type=oci,tar=false``), skopeo and others write it.

Decides how one is named (``oci-layout://DIR[:TAG][@DIGEST]``), and that every blob is checked against its digest before
the last of its bytes is passed on. Satisfies ``core.ports.Registry``, but for putting a tag. Source: "OCI Image
Layout", OCI image specification.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from fast_container.adapters.threads import in_thread
from fast_container.core.json_document import is_digest, object_field, objects_field, parse_object, string_field
from fast_container.core.oci.media_types import OCI_INDEX
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError

SCHEME: Final = "oci-layout://"
_PIECE_BYTES: Final = 4 << 20
_MOST_DOCUMENT_BYTES: Final = 16 << 20
_TAG: Final = "org.opencontainers.image.ref.name"


class OciLayout:
    """A directory with images.

    Args:
        folder: The directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def url(self) -> str:
        """The directory, as it is named."""
        return f"{SCHEME}{self._folder}"

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """Return the images under these tags."""
        named = {entry_tag: digest for entry_tag, digest in await in_thread(self._entries) if entry_tag in tags}
        return {tag: await self._manifest(digest) for tag, digest in named.items()}

    async def manifest(self, digest: str) -> Manifest | None:
        """Return a manifest, or None if it is absent."""
        return await self._manifest(digest) if is_digest(digest) and self._place(digest).is_file() else None

    async def only(self) -> Manifest:
        """Return its image if there is one, else all of them as an index.

        Raises:
            RegistryError: There is no image in it.
        """
        entries = await in_thread(self._entries)
        digests = {digest for _, digest in entries}
        if not digests:
            raise RegistryError("The OCI layout holds no image.", where=self.url)
        if len(digests) == 1:
            return await self._manifest(*digests)
        content = await in_thread(self._document, self._folder / "index.json")
        return Manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", OCI_INDEX, content)

    async def blob(self, digest: str) -> bytes:
        """Return a small blob."""
        return await in_thread(self._small, digest)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Refuse: nothing is written to a layout."""
        raise RegistryError("A tag cannot be put into an OCI layout.", where=self.url, why=f"{tag}, {manifest.digest}")

    def pieces(self, digest: str, size: int) -> Iterator[bytes]:
        """Yield the bytes of a blob; blocking.

        Raises:
            RegistryError: It is not there, or does not fit size and digest.
        """
        algorithm, _, expected = digest.partition(":")
        seen = hashlib.new(algorithm)
        try:
            with self._place(digest).open("rb") as opened:
                left = size
                while True:
                    piece = opened.read(min(_PIECE_BYTES, left))
                    seen.update(piece)
                    left -= len(piece)
                    if not left and (seen.hexdigest() != expected or opened.read(1)):
                        raise self._wrong(digest)
                    if left and not piece:
                        raise self._wrong(digest)
                    yield piece
                    if not left:
                        return
        except OSError as error:
            raise self._unreadable(digest, error) from None

    async def _manifest(self, digest: str) -> Manifest:
        content = await self.blob(digest)
        try:
            media_type = string_field(parse_object(content), "mediaType")
        except ValueError:
            media_type = ""
        return Manifest(digest, media_type, content)

    def _entries(self) -> list[tuple[str, str]]:
        content = self._document(self._folder / "index.json")
        try:
            entries = objects_field(parse_object(content), "manifests")
            return [(string_field(object_field(e, "annotations"), _TAG), string_field(e, "digest")) for e in entries]
        except ValueError as error:
            where = f"{self.url}/index.json"
            raise RegistryError("The OCI layout cannot be read.", where=where, why=str(error)) from None

    def _small(self, digest: str) -> bytes:
        if not is_digest(digest):
            raise RegistryError("The OCI layout refers to something that is not a digest.", where=self.url)
        content = self._document(self._place(digest))
        if hashlib.new(digest.partition(":")[0], content).hexdigest() != digest.partition(":")[2]:
            raise self._wrong(digest)
        return content

    def _document(self, place: Path) -> bytes:
        try:
            with place.open("rb") as opened:
                content = opened.read(_MOST_DOCUMENT_BYTES + 1)
        except OSError as error:
            raise self._unreadable(place.name, error) from None
        if len(content) > _MOST_DOCUMENT_BYTES:
            why = f"more than {_MOST_DOCUMENT_BYTES} bytes"
            raise RegistryError("A document of the OCI layout is too large.", where=str(place), why=why)
        return content

    def _place(self, digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return self._folder / "blobs" / algorithm / value

    def _wrong(self, digest: str) -> RegistryError:
        return RegistryError("A blob of the OCI layout does not fit its digest.", where=f"{self.url}@{digest}")

    def _unreadable(self, name: str, error: OSError) -> RegistryError:
        return RegistryError(
            f"{name} of the OCI layout cannot be read.",
            where=self.url,
            why=error.strerror or str(error),
            next_step="Give a directory that holds oci-layout, index.json and blobs.",
        )
