"""A blob in pieces, by ranged requests: memory holds a piece, and each piece may be asked for again.

Decides that bytes which do not fit the blob's digest are an error before the last of them is passed on. Leaves what is
done with the pieces to the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.errors import RegistryError

PIECE_BYTES: Final = 8 * 1024 * 1024


def blob_pieces(registry: OciRegistry, digest: str, size: int, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Yield a blob's bytes, each once; blocking.

    Args:
        registry: The repository that has it.
        digest: The blob's.
        size: Its bytes, as the manifest says.
        piece_bytes: How many are asked for at once.

    Raises:
        RegistryError: They could not be read, or do not fit size and digest.
    """
    algorithm, _, expected = digest.partition(":")
    seen = hashlib.new(algorithm)
    at = 0
    while at < size or not size:
        piece = read_part(registry, digest, at, min(at + piece_bytes, size), size) if size else b""
        seen.update(piece)
        at += len(piece)
        if at >= size and seen.hexdigest() != expected:
            raise RegistryError(
                "The registry sent a blob that does not fit its digest.", where=f"{registry.url}@{digest}"
            )
        yield piece
        if not size:
            return


def read_part(registry: OciRegistry, digest: str, start: int, end: int, size: int) -> bytes:
    """Return the bytes from ``start`` to ``end``; all of them if the registry does not know ranges; blocking.

    Raises:
        RegistryError: They could not be read.
    """
    headers = {"Accept": "*/*", "Range": f"bytes={start}-{end - 1}"}
    response = registry.send("GET", f"/blobs/{digest}", headers, follow=True)
    part = response.status == 206 and len(response.body) == end - start
    whole = response.status == 200 and start == 0 and len(response.body) == size
    if not part and not whole:
        raise registry.error(response, f"The registry did not return the blob {digest}.")
    return response.body
