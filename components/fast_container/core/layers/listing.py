"""The entries of one layer, and their form in a cache.

Decides that a layer is read to its end, within limits, and what its cached form is: columns in JSON, compressed. That
form has a version; bytes of another one, or that do not fit, are not read. Leaves files and their owners to
``adapters.layers``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from fast_container.core.json_document import parse_object
from fast_container.core.layers.byte_stream import ByteStream
from fast_container.core.layers.decompression import MakeInflater, Unzstd, decompressed, inflater
from fast_container.core.layers.entry import Entry
from fast_container.core.layers.kept import is_searched, kept_bytes, kept_form
from fast_container.core.layers.limits import Limits
from fast_container.core.layers.package_lists import is_package_list
from fast_container.core.layers.secret_signs import secret_signs
from fast_container.core.layers.tar_entries import tar_entries

VERSION: Final = 2
"""Of the cached form and of what is looked for in files; another one is read anew."""
_FIELDS: Final = ("path", "kind", "size", "mode", "uid", "gid", "mtime", "link")
_MOST_CACHED_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Listing:
    """A layer's entries in their order.

    Attributes:
        entries: All of them.
        unpacked_bytes: Content of its files.
    """

    entries: tuple[Entry, ...]
    unpacked_bytes: int

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Listing:
        """Make a listing of entries."""
        found = tuple(entries)
        return cls(found, sum(entry.size for entry in found))


def read_listing(
    pieces: Iterable[bytes],
    compressed_bytes: int,
    *,
    make_inflater: MakeInflater = inflater,
    unzstd: Unzstd | None = None,
    limits: Limits | None = None,
) -> Listing:
    """Read a layer as a registry stores it; what follows the archive's end is taken from ``pieces``, too.

    Raises:
        LayerError: It is damaged, hostile, or of a compression that cannot be read here.
    """
    limits = limits or Limits()
    source = iter(pieces)
    stream = ByteStream(decompressed(source, make_inflater, unzstd), limits.most_unpacked(compressed_bytes))
    found: list[Entry] = []
    of_lists = 0
    for entry, head in tar_entries(stream, kept_bytes, limits):
        kept = _with_content(entry, head) if head else entry
        if kept.head and is_package_list(entry.path):
            of_lists += len(kept.head)
            kept = kept if of_lists <= limits.package_list_bytes else entry
        found.append(kept)
    for _ in source:
        # A digest is checked at the last byte.
        pass
    return Listing.of(found)


def _with_content(entry: Entry, head: bytes) -> Entry:
    signs = secret_signs(head.decode("utf-8", "replace")) if is_searched(entry.path, entry.size) else ()
    return entry._replace(head=kept_form(entry.path, head), signs=signs)


def encode(listing: Listing) -> bytes:
    """Return a listing's cached form."""
    columns: dict[str, Any] = {
        name: list(column)
        for name, column in zip(_FIELDS, zip(*(e[:8] for e in listing.entries), strict=True), strict=False)
    }
    columns["heads"] = {str(at): entry.head.hex() for at, entry in enumerate(listing.entries) if entry.head}
    columns["signs"] = {str(at): entry.signs for at, entry in enumerate(listing.entries) if entry.signs}
    return zlib.compress(json.dumps({"version": VERSION, **columns}, separators=(",", ":")).encode("ascii"), 1)


def decode(data: bytes) -> Listing | None:
    """Read a cached form; None for anything else."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, _MOST_CACHED_BYTES)
        document = parse_object(text) if unpacker.eof else {}
        if document.get("version") != VERSION:
            return None
        columns: list[list[Any]] = [document[name] for name in _FIELDS] if "path" in document else [[] for _ in _FIELDS]
        entries = [Entry(*fields) for fields in zip(*columns, strict=True)]
        for at, head in document["heads"].items():
            entries[int(at)] = entries[int(at)]._replace(head=bytes.fromhex(head))
        for at, signs in document["signs"].items():
            entries[int(at)] = entries[int(at)]._replace(signs=tuple(signs))
        return Listing.of(entries)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error):
        return None
