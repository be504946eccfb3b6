"""Bytes that are read once, in order: some are read, most are skipped.

Decides that no more than a limit is ever looked at. Leaves where they come from to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable

from fast_container.core.layers.limits import LayerEndsError, LayerLimitError


class ByteStream:
    """A layer's archive.

    Args:
        pieces: Its bytes.
        most_bytes: How many may be looked at.
    """

    def __init__(self, pieces: Iterable[bytes], most_bytes: int) -> None:
        self._pieces = iter(pieces)
        self._most_bytes = most_bytes
        self._piece = b""
        self._at = 0
        self.position = 0
        """How many bytes were read or skipped."""

    def read(self, count: int) -> bytes:
        """Return the next bytes; fewer only at the end.

        Raises:
            LayerLimitError: The layer is larger than it may be.
        """
        self._count(count)
        at = self._at
        if at + count <= len(self._piece):
            self._at = at + count
            self.position += count
            return self._piece[at : at + count]
        parts: list[bytes] = []
        while count and self._more():
            part = self._piece[self._at : self._at + count]
            self._at += len(part)
            self.position += len(part)
            count -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Go over the next bytes.

        Raises:
            LayerEndsError: There are fewer.
            LayerLimitError: The layer is larger than it may be.
        """
        self._count(count)
        while count:
            if not self._more():
                raise LayerEndsError("its archive ends within a file")
            step = min(count, len(self._piece) - self._at)
            self._at += step
            self.position += step
            count -= step

    def _count(self, count: int) -> None:
        if self.position + count > self._most_bytes:
            raise LayerLimitError(
                f"it unpacks to more than {self._most_bytes} bytes, the limit for a layer of its size"
            )

    def _more(self) -> bool:
        while self._at >= len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._piece, self._at = piece, 0
        return True
