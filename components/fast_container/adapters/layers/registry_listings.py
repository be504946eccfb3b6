"""Listings of layers, from a registry or from the cache; satisfies ``core.ports.LayerLister``.

Decides that a layer is streamed once, a few layers at a time, and that its listing is only remembered when all of its
bytes fit its digest. Leaves the archive to ``core.layers.listing``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, TypeVar

from fast_container.adapters.layers.codecs import ZSTD_EXTRA, Load, fastest_inflater, load_module, zstd_reader
from fast_container.adapters.layers.listing_cache import ListingCache
from fast_container.adapters.registry.blob_pieces import blob_pieces
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread
from fast_container.core.json_document import is_digest
from fast_container.core.layers.limits import LayerError, Limits
from fast_container.core.layers.listing import Listing, read_contents, read_listing
from fast_container.errors import RegistryError, VerifyError

_PIECE_BYTES: Final = 4 * 1024 * 1024
_AT_ONCE: Final = 2

T = TypeVar("T")

PiecesOf = Callable[[str, str, int], Iterable[bytes]]
"""``host/name``, digest and size of a layer → its bytes; called in a thread."""


class RegistryListings:
    """Reads from any repository that the program reaches.

    Args:
        oci_of: Returns the client of ``host/name``; called in a thread.
        cache: What earlier runs have read; None remembers nothing.
        limits: How much of a layer is read.
        load: Imports a decompressor.
        pieces_of: Returns the bytes of layers that are not in a registry.
    """

    def __init__(
        self,
        oci_of: Callable[[str], OciRegistry],
        cache: ListingCache | None,
        limits: Limits | None = None,
        *,
        load: Load = load_module,
        pieces_of: PiecesOf | None = None,
    ) -> None:
        self._load = load
        self._oci_of = oci_of
        self._pieces_of = pieces_of or self._of_registry
        self._cache = cache
        self._limits = limits or Limits()
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
        """Read as ``LayerLister.listing``."""
        async with self._places:
            return await in_thread(self._listing, repository_url, digest, size)

    async def contents(self, repository_url: str, digest: str, size: int, paths: frozenset[str]) -> Mapping[str, bytes]:
        """Read as ``LayerLister.contents``; nothing of it is remembered."""
        async with self._places:
            return await in_thread(self._contents, repository_url, digest, size, paths)

    def _listing(self, url: str, digest: str, size: int) -> Listing:
        # A manifest that says another size is not believed: budgets go by what manifests say.
        name = f"{_checked(url, digest)}.{size}"
        known = self._cache.get(name) if self._cache else None
        if known is not None:
            return known
        found = self._read(read_listing, url, digest, size)
        if self._cache is not None:
            self._cache.put(name, found)
        return found

    def _contents(self, url: str, digest: str, size: int, paths: frozenset[str]) -> Mapping[str, bytes]:
        return self._read(partial(read_contents, paths=paths), url, digest, size)

    def _read(self, read: Callable[..., T], url: str, digest: str, size: int) -> T:
        pieces = self._pieces_of(url, _checked(url, digest), size)
        unzstd = zstd_reader(self._load)
        try:
            return read(pieces, size, make_inflater=fastest_inflater(self._load), unzstd=unzstd, limits=self._limits)
        except LayerError as error:
            step = f"Install {ZSTD_EXTRA}." if unzstd is None and "zstd" in str(error) else ""
            raise VerifyError(
                "A layer of the image cannot be read.", where=f"{url}@{digest}", why=str(error), next_step=step
            ) from None

    def _of_registry(self, url: str, digest: str, size: int) -> Iterable[bytes]:
        return blob_pieces(self._oci_of(url), digest, size, _PIECE_BYTES)


def _checked(url: str, digest: str) -> str:
    if not is_digest(digest):
        raise RegistryError("A manifest refers to something that is not a digest.", where=url, why=digest[:120])
    return digest
