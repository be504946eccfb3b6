"""The entries of a tar archive, from a stream that is read once.

Decides which headers belong together (pax, GNU long names, sparse files), and that content is skipped but for the part
that the caller wants. Two blocks of zeros, or the end of the stream, end an archive, as for Go's reader, which
containerd uses; what follows is not looked at. Sources: POSIX.1-2001 pax, GNU tar's "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from fast_container.core.layers.byte_stream import ByteStream
from fast_container.core.layers.entry import DEVICE, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry, normal_path
from fast_container.core.layers.limits import LayerEndsError, LayerError, LayerLimitError, Limits
from fast_container.core.layers.tar_header import BLOCK, TarHeader, number, parse_header, pax_records

_ZEROS: Final = bytes(BLOCK)
_KINDS: Final = {
    b"0": FILE,
    b"\0": FILE,
    b"7": FILE,
    b"S": FILE,
    b"1": HARDLINK,
    b"2": SYMLINK,
    b"3": DEVICE,
    b"4": DEVICE,
    b"5": DIRECTORY,
    b"6": FIFO,
}
_READ: Final = frozenset({"path", "linkpath", "size", "uid", "gid", "mtime", "GNU.sparse.name"})
"""The keys of extended headers that count; others would only fill memory."""
_SPARSE_BLOCKS: Final = 4096
_MOST_DIGITS: Final = 18

Wanted = Callable[[str, int], int]
"""Path and size of a file → how many of its first bytes are wanted."""


def tar_entries(stream: ByteStream, wanted: Wanted, limits: Limits) -> Iterator[tuple[Entry, bytes]]:
    """Yield each entry with the part of its content that is wanted.

    Raises:
        LayerError: The archive is damaged, or a path leaves the root.
        LayerEndsError: It ends within an entry.
        LayerLimitError: It is larger than a limit.
    """
    always: dict[str, bytes] = {}
    count = name_bytes = extended = 0
    while (header := _next_header(stream)) is not None:
        given: dict[str, bytes] = {}
        while header.type in b"xgLKX":
            extended += 1
            if extended > limits.extended_headers:
                raise LayerLimitError(f"it has more than {limits.extended_headers} extended headers")
            _extend(always, given, header, _extension(stream, header, limits))
            header = _next_header(stream)
            if header is None:
                raise LayerEndsError("its archive ends after an extended header")
        entry = _entry(header, always | given if always else given)
        count += 1
        name_bytes += len(entry.path) + len(entry.link)
        _check_limits(entry, count, name_bytes, limits)
        if header.is_extended_sparse:
            _skip_sparse_map(stream)
        stored = _stored(header, given) if entry.kind == FILE else 0
        head = _head(stream, min(wanted(entry.path, stored), stored)) if stored else b""
        yield entry, head
        _skip_rest(stream, stored, len(head))


def _next_header(stream: ByteStream) -> TarHeader | None:
    block = stream.read(BLOCK)
    if block == _ZEROS:
        block = stream.read(BLOCK)
        if block and block != _ZEROS:
            raise LayerError("its archive is damaged: a block of zeros is followed by something else")
        return None
    if len(block) == BLOCK:
        return parse_header(block)
    if block:
        raise LayerEndsError("its archive ends within a header")
    return None


def _extension(stream: ByteStream, header: TarHeader, limits: Limits) -> bytes:
    if header.size > limits.header_bytes:
        raise LayerLimitError(f"an extended header is larger than {limits.header_bytes} bytes")
    content = stream.read(header.size)
    if len(content) < header.size:
        raise LayerEndsError("its archive ends within an extended header")
    stream.skip(-header.size % BLOCK)
    return content


def _extend(always: dict[str, bytes], given: dict[str, bytes], header: TarHeader, content: bytes) -> None:
    if header.type == b"L":
        given["path"] = content.partition(b"\0")[0]
    elif header.type == b"K":
        given["linkpath"] = content.partition(b"\0")[0]
    else:
        kept = {key: value for key, value in pax_records(content).items() if key in _READ}
        (always if header.type == b"g" else given).update(kept)


def _entry(header: TarHeader, given: Mapping[str, bytes]) -> Entry:
    name = given.get("GNU.sparse.name") or given.get("path") or header.name
    kind = _KINDS.get(header.type, FILE)
    if header.type == b"\0" and name.endswith(b"/"):
        kind = DIRECTORY
    target = given.get("linkpath") or header.link
    link = ""
    if kind == SYMLINK:
        link = target.decode("utf-8", "surrogateescape")
    elif kind == HARDLINK:
        link = normal_path(target)
    return Entry(
        normal_path(name),
        kind,
        _stored(header, given) if kind == FILE else 0,
        header.mode,
        _decimal(given, "uid", header.uid),
        _decimal(given, "gid", header.gid),
        _decimal(given, "mtime", header.mtime),
        link,
    )


def _decimal(given: Mapping[str, bytes], key: str, otherwise: int) -> int:
    """Read a number of a pax record; a time may have a fraction."""
    said = given.get(key)
    if said is None:
        return otherwise
    digits = said.partition(b".")[0]
    if not digits.removeprefix(b"-").isdigit() or len(digits) > _MOST_DIGITS:
        raise LayerError(f"its archive is damaged: {key} of an extended header is not a number")
    return int(digits)


def _stored(header: TarHeader, given: Mapping[str, bytes]) -> int:
    size = _decimal(given, "size", header.size)
    if size < 0:
        raise LayerError("its archive is damaged: a file has a negative size")
    return size


def _check_limits(entry: Entry, count: int, name_bytes: int, limits: Limits) -> None:
    if count > limits.entries:
        raise LayerLimitError(f"it has more than {limits.entries} entries")
    if name_bytes > limits.name_bytes:
        raise LayerLimitError(f"the paths of its entries have more than {limits.name_bytes} bytes")
    if entry.path.count("/") >= limits.depth:
        raise LayerLimitError(f"a path has more than {limits.depth} components")


def _skip_sparse_map(stream: ByteStream) -> None:
    """Go over the further blocks of an old GNU sparse map."""
    for _ in range(_SPARSE_BLOCKS):
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            raise LayerEndsError("its archive ends within a sparse file's map")
        number(block[:12])
        if not block[504]:
            return
    raise LayerLimitError(f"a sparse file's map has more than {_SPARSE_BLOCKS} blocks")


def _head(stream: ByteStream, count: int) -> bytes:
    head = stream.read(count) if count else b""
    if len(head) < count:
        raise LayerEndsError("its archive ends within a file")
    return head


def _skip_rest(stream: ByteStream, stored: int, read: int) -> None:
    stream.skip(stored - read)
    # Some writers leave out the last block's padding.
    with suppress(LayerEndsError):
        stream.skip(-stored % BLOCK)
