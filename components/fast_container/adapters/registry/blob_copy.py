"""Copies an image from one repository to another by digest, over the distribution API.

Decides the order, so that a target never holds half an image: blobs, then the manifests of an index, then the manifest;
each only if it is not there yet. A blob is mounted if the registry allows it (ECR: only with the account setting
BLOB_MOUNTING). Otherwise it is read in pieces and sent on in one request, so that memory holds a piece and no disk is
needed; its digest is computed on the way, and the last piece of a wrong one is never sent. Puts no tag: the pipeline
does, after its checks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from fast_container.adapters.registry.blob_pieces import PIECE_BYTES, blob_pieces
from fast_container.adapters.registry.http_transport import Response
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread
from fast_container.core.json_document import is_digest
from fast_container.core.oci.manifest import parse_manifest
from fast_container.core.oci.media_types import is_foreign
from fast_container.core.oci.repository import Repository, host_of
from fast_container.core.ports import Manifest, Reporter
from fast_container.core.spelling import megabytes
from fast_container.errors import AuthError, RegistryError

_BLOBS_AT_ONCE: Final = 3
_COPIES_AT_ONCE: Final = 4
_UPLOADS: Final = 3
_DEEPEST_INDEX: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Blob:
    digest: str
    size: int


class RegistryCopier:
    """Satisfies ``core.ports.ImageCopier``; copies a few images at once, and a few blobs of each.

    Args:
        oci_of: Returns the client of ``host/name``; called in a thread.
        may_begin: Asked before each copy; raises if nothing new may begin.
        piece_bytes: How much of a blob is read at once.
    """

    def __init__(
        self,
        oci_of: Callable[[str], OciRegistry],
        may_begin: Callable[[], None] = lambda: None,
        *,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self._oci_of = oci_of
        self._may_begin = may_begin
        self._piece_bytes = piece_bytes
        self._places = asyncio.Semaphore(_COPIES_AT_ONCE)

    async def copy(self, manifest: Manifest, source_url: str, target_url: str, reporter: Reporter) -> int:
        """Copy as ``ImageCopier.copy``; stops soon when it is cancelled."""
        async with self._places:
            self._may_begin()
            source = await in_thread(self._oci_of, source_url)
            target = await in_thread(self._oci_of, target_url)
            loop, stopped = asyncio.get_running_loop(), threading.Event()

            def on_bytes(total: int) -> None:
                line = f"copying from {source_url}: {megabytes(total)}"
                loop.call_soon_threadsafe(reporter.progress, line)

            copy = _Copy(source, target, self._piece_bytes, on_bytes, stopped)
            try:
                await copy.image(manifest)
            finally:
                stopped.set()
            return copy.sent_bytes


@dataclass(slots=True)
class _Copy:
    """The copy of one image."""

    source: OciRegistry
    target: OciRegistry
    piece_bytes: int
    on_bytes: Callable[[int], None]
    stopped: threading.Event
    sent_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def image(self, manifest: Manifest, depth: int = 0) -> None:
        if await self.target.manifest(manifest.digest) is not None:
            return
        if depth > _DEEPEST_INDEX:
            raise RegistryError("Image indexes are nested too deeply.", where=f"{self.source.url}")
        children, blobs = _named_by(manifest)
        for child in children:
            found = await self.source.manifest(child)
            if found is None:
                raise RegistryError(
                    "A manifest of the image index is not in its repository.",
                    where=f"{self.source.url}@{child}",
                )
            await self.image(found, depth + 1)
        places = asyncio.Semaphore(_BLOBS_AT_ONCE)

        async def one(blob: _Blob) -> None:
            async with places:
                await in_thread(self._blob, blob)

        # All end before the first error is raised, so that nothing is sent after it.
        ended = await asyncio.gather(*(one(blob) for blob in blobs), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        await in_thread(self._put_manifest, manifest)

    def _blob(self, blob: _Blob) -> None:
        self._check_running()
        if self._is_there(blob):
            return
        for attempt in range(1, _UPLOADS + 1):
            location = self._begin(blob)
            if not location:
                return
            try:
                response = self.target.upload(location, blob.size, self._pieces(blob))
            except _SourceError as error:
                raise error.error from None
            except RegistryError:
                if attempt == _UPLOADS or self.stopped.is_set():
                    raise
                continue
            if response.status in (201, 202, 204):
                return
            if attempt == _UPLOADS or response.status < 500:
                raise self.target.error(response, f"The registry did not accept the blob {blob.digest}.")

    def _is_there(self, blob: _Blob) -> bool:
        """Whether the target certainly holds a blob; if in doubt, it is sent once more, which does no harm."""
        try:
            there = self.target.send("HEAD", f"/blobs/{blob.digest}", {})
        except AuthError:
            # ECR Public refuses every lookup (401, 403), even with the right to push; the upload shows who has it.
            return False
        if there.status == 200:
            return _is_of(there, blob)
        # A registry redirects to the storage of a blob that it has. If something else redirected, the manifest that
        # names the blob is refused later.
        if there.status in _REDIRECTS:
            return True
        # The 404 of a HEAD has no body to tell whose it is.
        if there.status != 404:
            raise self.target.error(there, f"The registry could not say whether it has {blob.digest}.")
        return False

    def _begin(self, blob: _Blob) -> str:
        """Return where the bytes are to be sent; "" if the blob was mounted."""
        response: Response | None = None
        source = Repository.parse(self.source.url)
        if source.host == host_of(self.target.url):
            try:
                response = self.target.send("POST", f"/blobs/uploads/?mount={blob.digest}&from={source.name}", {})
            except AuthError:
                # Perhaps only mounting from the source is denied.
                response = None
            if response is not None and response.status == 201:
                return ""
        if response is None or response.status != 202:
            response = self.target.send("POST", "/blobs/uploads/", {})
        location = response.headers.get("location", "")
        if response.status != 202 or not location:
            raise self.target.error(response, "The registry did not begin an upload.")
        return f"{location}{'&' if '?' in location else '?'}digest={blob.digest}"

    def _pieces(self, blob: _Blob) -> Iterator[bytes]:
        """Yield the blob's bytes, and count them."""
        pieces = blob_pieces(self.source, blob.digest, blob.size, self.piece_bytes)
        while True:
            self._check_running()
            try:
                piece = next(pieces, None)
            except RegistryError as error:
                raise _SourceError(error) from error
            if piece is None:
                return
            yield piece
            with self._lock:
                self.sent_bytes += len(piece)
                total = self.sent_bytes
            self.on_bytes(total)

    def _put_manifest(self, manifest: Manifest) -> None:
        self._check_running()
        response = self.target.put_manifest(manifest, manifest.digest)
        if response.status not in (200, 201, 202):
            # Another machine's copy may have been first; ECR refuses the same manifest twice.
            there = self.target.send("HEAD", f"/manifests/{manifest.digest}", {"Accept": manifest.media_type})
            if there.status != 200:
                raise self.target.error(response, f"The registry refused the manifest {manifest.digest}.")

    def _check_running(self) -> None:
        if self.stopped.is_set():
            raise RegistryError("The copy was stopped.", where=self.target.url)


class _SourceError(Exception):
    """The source failed during an upload to the target; another upload does not help."""

    def __init__(self, error: RegistryError) -> None:
        super().__init__(str(error))
        self.error = error


def _is_of(there: Response, blob: _Blob) -> bool:
    """Whether a HEAD's 200 is about this blob: a server that answers 200 to everything does not know its length."""
    digest = there.headers.get("docker-content-digest", blob.digest)
    return there.headers.get("content-length") == str(blob.size) and digest == blob.digest


def _named_by(manifest: Manifest) -> tuple[list[str], list[_Blob]]:
    """Return the digests of an index's manifests, and configuration and layers, each once."""
    try:
        parsed = parse_manifest(manifest.content)
        found: dict[str, _Blob] = {}
        for blob in (*parsed.layers, *([parsed.config] if parsed.config else [])):
            if not is_foreign(blob.media_type):
                if not is_digest(blob.digest):
                    raise ValueError("it names a blob by something that is not a digest")
                found[blob.digest] = _Blob(blob.digest, blob.size)
    except ValueError as error:
        raise RegistryError("The manifest cannot be read.", where=manifest.digest, why=str(error)) from error
    return [child.digest for child in parsed.children], list(found.values())
