"""Decompression of a layer, piece by piece: the compression is what the first bytes say, as for containerd.

Decides that output comes in bounded pieces, whatever a layer claims, and that a gzip layer may have many members
(eStargz has one for each file). Leaves decompressors that are faster than the standard library's, and zstd, to the
caller.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from fast_container.core.layers.limits import LayerEndsError, LayerError

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
_WINDOW_BYTES: Final = 64 * 1024
_MOST_AT_ONCE: Final = 1024 * 1024


class Inflater(Protocol):
    """A decompressor with the methods of ``zlib.decompressobj``."""

    @property
    def eof(self) -> bool:
        """Whether a member is complete."""
        ...

    @property
    def unconsumed_tail(self) -> bytes:
        """Input that was not looked at because of ``max_length``."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Input after the end of the member."""
        ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return at most that many bytes."""
        ...


MakeInflater = Callable[[], Inflater]
Unzstd = Callable[[Iterable[bytes]], Iterator[bytes]]


def inflater() -> Inflater:
    """Make the standard library's decompressor of one gzip member."""
    return zlib.decompressobj(wbits=31)


def decompressed(
    pieces: Iterable[bytes], make_inflater: MakeInflater = inflater, unzstd: Unzstd | None = None
) -> Iterator[bytes]:
    """Yield the bytes of a layer's archive.

    Args:
        pieces: The layer as a registry stores it.
        make_inflater: Makes a decompressor of gzip.
        unzstd: Decompresses zstd; None where that cannot be done.

    Raises:
        LayerError: The layer is damaged, ends early, or nothing here reads its compression.
    """
    start, rest = _start(iter(pieces))
    whole = chain([start], rest)
    if start.startswith(GZIP):
        yield from _gunzipped(whole, make_inflater)
    elif not start.startswith(ZSTD):
        yield from whole
    elif unzstd is None:
        raise LayerError("it is compressed with zstd, and nothing that reads zstd is installed")
    else:
        yield from unzstd(whole)


def _start(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= len(ZSTD):
            break
    return start, pieces


def _gunzipped(pieces: Iterable[bytes], make: MakeInflater) -> Iterator[bytes]:
    member: Inflater | None = None
    for window in _windows(pieces):
        left = window
        while left:
            if member is None:
                # What follows the last member may be filled up with zeros.
                left = left.lstrip(b"\0")
                if not left:
                    break
                member = make()
            try:
                out = member.decompress(left, _MOST_AT_ONCE)
            except Exception as error:  # The class differs between decompressors.
                raise LayerError(f"its gzip data is damaged: {error}") from None
            if out:
                yield out
            if member.eof:
                left, member = member.unused_data, None
            else:
                left = member.unconsumed_tail
    if member is not None:
        raise LayerEndsError("its gzip data ends early")


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces, so that what a member leaves over is never copied at length."""
    for piece in pieces:
        for at in range(0, len(piece), _WINDOW_BYTES):
            yield piece[at : at + _WINDOW_BYTES]
