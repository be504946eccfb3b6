"""The form of a layer's listing in a cache: columns as bytes, compressed.

Decides the form and its version: bytes of another one, or that do not fit, are not read. It is quick to read, since
that is done for each layer of each image that is checked. Leaves files and their owners to ``adapters.layers``.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from fast_container.core.json_document import parse_object
from fast_container.core.layers.file_kinds import FINGERPRINT
from fast_container.core.layers.listing import Listing, Numbers

VERSION: Final = f"2.{FINGERPRINT:08x}.{sys.byteorder}"
"""Of the form and of what is looked for in files."""
_COLUMNS: Final = ("sizes", "modes", "uids", "gids", "mtimes")
_WIDTHS: Final = (("B", 0, 1 << 8), ("H", 0, 1 << 16), ("I", 0, 1 << 32), ("q", -(1 << 63), 1 << 63))
_MOST_CACHED_BYTES: Final = 1 << 30
_LENGTH_BYTES: Final = 4


def encode(listing: Listing) -> bytes:
    """Return a listing's cached form."""
    sections: list[tuple[str, str, bytes]] = [
        ("paths", "", "\0".join(listing.paths).encode("utf-8", "surrogateescape")),
        ("types", "", listing.types.encode("ascii")),
        *(_numbers(name, getattr(listing, name)) for name in _COLUMNS),
        _numbers("heads", listing.heads),
        _numbers("lengths", [len(head) for head in listing.heads.values()]),
        ("content", "", b"".join(listing.heads.values())),
        *(_numbers(f"kind {kind}", indexes) for kind, indexes in listing.kinds.items()),
    ]
    header = {
        "version": VERSION,
        "count": len(listing),
        "sections": [[name, code, len(content)] for name, code, content in sections],
        "links": listing.links,
        "signs": listing.signs,
        "implied": sorted(listing.implied),
    }
    said = json.dumps(header, separators=(",", ":")).encode("ascii")
    # Of a million entries each copy is a hundred megabytes.
    packer = zlib.compressobj(1)
    packed = [packer.compress(len(said).to_bytes(_LENGTH_BYTES, "big")), packer.compress(said)]
    packed += [packer.compress(part) for _, _, part in sections]
    return b"".join((*packed, packer.flush()))


def _numbers(name: str, values: Iterable[int]) -> tuple[str, str, bytes]:
    """A column in the narrowest form that holds it."""
    known = array("q", values)
    least, most = (min(known), max(known)) if known else (0, 0)
    code = next(code for code, low, high in _WIDTHS if low <= least and most < high)
    return name, code, array(code, known).tobytes()


def decode(data: bytes) -> Listing | None:
    """Read a cached form; None for anything else."""
    try:
        unpacker = zlib.decompressobj()
        whole = unpacker.decompress(data, _MOST_CACHED_BYTES)
        end = _LENGTH_BYTES + int.from_bytes(whole[:_LENGTH_BYTES], "big")
        header = parse_object(whole[_LENGTH_BYTES:end]) if unpacker.eof else {}
        if header.get("version") != VERSION:
            return None
        sections = _sections(header, memoryview(whole)[end:])
        del whole
        return _listing(header, sections)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error):
        return None


def _sections(header: Mapping[str, Any], content: memoryview) -> dict[str, Any]:
    found: dict[str, Any] = {}
    at = 0
    for name, code, length in header["sections"]:
        part = content[at : at + length]
        at += length
        # Copies, so that the whole need not stay for some of its parts.
        if code:
            found[name] = memoryview(bytes(part)).cast(code)
        elif name == "paths":
            found[name] = str(part, "utf-8", "surrogateescape")
        else:
            found[name] = bytes(part)
    if at != len(content):
        raise ValueError
    return found


def _listing(header: Mapping[str, Any], sections: dict[str, Any]) -> Listing:
    count = header["count"]
    joined: str = sections.pop("paths")
    paths: list[str] = joined.split("\0") if count else []
    types: str = sections["types"].decode("ascii")
    sizes, modes, uids, gids, mtimes = (cast("Numbers", sections[name]) for name in _COLUMNS)
    if any(len(column) != count for column in (paths, types, sizes, modes, uids, gids, mtimes)):
        raise ValueError
    heads: dict[int, bytes] = {}
    start = 0
    for at, length in zip(sections["heads"], sections["lengths"], strict=True):
        heads[at] = sections["content"][start : start + length]
        start += length
    kinds = {name[5:]: indexes for name, indexes in sections.items() if name.startswith("kind ")}
    if any(at >= count for indexes in (heads, *kinds.values()) for at in indexes):
        raise ValueError
    return Listing(
        paths,
        types,
        sizes,
        modes,
        uids,
        gids,
        mtimes,
        {int(at): target for at, target in header["links"].items()},
        heads,
        {int(at): tuple(signs) for at, signs in header["signs"].items()},
        kinds,
        frozenset(header["implied"]),
    )
