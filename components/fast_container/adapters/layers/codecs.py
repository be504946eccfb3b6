"""The decompressors that this machine has: the standard library's, or faster ones where they are installed.

Decides the order: for gzip ``isal``, ``zlib-ng``, then ``zlib``; for zstd the standard library's (Python 3.14),
``backports.zstd``, then ``zstandard``. All are bounded: a small input never becomes a large output at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import Any, Final

from fast_container.core.layers.decompression import MakeInflater, Unzstd, inflater
from fast_container.core.layers.limits import LayerEndsError, LayerError

_MOST_AT_ONCE: Final = 1024 * 1024
_WINDOW_BYTES: Final = 64 * 1024
Load = Callable[[str], Any]
"""A module's name → the module; None if it is not installed."""
ZSTD_EXTRA: Final = "fast-container[zstd]"


def fastest_inflater(load: Load) -> MakeInflater:
    """Return what makes decompressors of gzip, of the modules that ``load`` finds."""
    for name in ("isal.isal_zlib", "zlib_ng.zlib_ng"):
        module = load(name)
        if module is not None:
            return partial(module.decompressobj, wbits=31)
    return inflater


def zstd_reader(load: Load) -> Unzstd | None:
    """Return what decompresses zstd, of the modules that ``load`` finds; None if nothing does."""
    for name in ("compression.zstd", "backports.zstd"):
        module = load(name)
        if module is not None:
            return partial(_by_decompressor, module)
    module = load("zstandard")
    return partial(_by_reader, module) if module is not None else None


def load_module(name: str) -> Any:
    """Import a module; None if it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def _by_decompressor(module: Any, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress as the standard library does: one part of the layer after another."""
    member: Any = None
    for piece in pieces:
        for at in range(0, len(piece), _WINDOW_BYTES):
            left = piece[at : at + _WINDOW_BYTES]
            while left or (member is not None and not member.needs_input):
                member = member or module.ZstdDecompressor()
                try:
                    out = member.decompress(left, _MOST_AT_ONCE)
                except module.ZstdError as error:
                    raise _damaged(error) from None
                if out:
                    yield out
                left = b""
                if member.eof:
                    left, member = member.unused_data, None
    if member is not None:
        raise LayerEndsError("its zstd data ends early")


class _Source:
    """Pieces as a file that is read."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def read(self, count: int = _WINDOW_BYTES) -> bytes:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = memoryview(piece)
        part, self._left = bytes(self._left[:count]), self._left[count:]
        return part


def _by_reader(module: Any, pieces: Iterable[bytes]) -> Iterator[bytes]:
    reader = module.ZstdDecompressor().stream_reader(_Source(pieces), read_size=_WINDOW_BYTES, read_across_frames=True)
    while True:
        try:
            out = reader.read(_MOST_AT_ONCE)
        except module.ZstdError as error:
            raise _damaged(error) from None
        if not out:
            return
        yield out


def _damaged(error: Exception) -> LayerError:
    return LayerError(f"its zstd data is damaged: {error}")
