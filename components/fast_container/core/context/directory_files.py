"""Files of one directory with what counts of them: what a tree knows, and what is remembered of it between runs.

Decides the form in which they are kept: joined bytes, in the order of the names' bytes, so that an unchanged directory
costs one comparison however many files it has. Leaves reading to ``core.context.read_files``, which of them have to
be read to ``core.context.known_files``, and the cache's file to ``adapters.digests.stat_cache``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Final

from fast_container.core.context.stat_facts import FACTS_BYTES, each_of

_COUNTS: Final = struct.Struct("<II")


class Files:
    """Some files of one directory. Immutable.

    Attributes:
        names: NUL-separated, in the order of their bytes; no name is empty or holds a NUL.
        facts: What the last look said of each (``core.context.stat_facts``), joined.
        frames: What counts of each as it goes into a context's digest (``core.key``), joined.
    """

    def __init__(
        self, names: bytes, facts: bytes, frames: bytes, each_frame: Sequence[bytes] | None, lengths: bytes
    ) -> None:
        """Use ``of``, ``in_order`` or ``decode``; the frames one by one, or their lengths as ``encode`` has them."""
        self.names = names
        self.facts = facts
        self.frames = frames
        self._each_frame = each_frame
        self._lengths = lengths

    @classmethod
    def of(cls, known: Mapping[bytes, tuple[bytes, bytes]]) -> Files:
        """From name → facts, frame."""
        names = sorted(known)
        facts = b"".join([known[name][0] for name in names])
        return cls.in_order(b"\0".join(names), facts, [known[name][1] for name in names])

    @classmethod
    def in_order(cls, names: bytes, facts: bytes, frames: Sequence[bytes]) -> Files:
        """From names and facts, joined as the attributes are, and the frames of each."""
        return cls(names, facts, b"".join(frames), frames, b"")

    def __len__(self) -> int:
        """How many there are."""
        return len(self.facts) // FACTS_BYTES

    def each_name(self) -> list[bytes]:
        """The names one by one."""
        return self.names.split(b"\0") if self.names else []

    def each_frame(self) -> Sequence[bytes]:
        """The frames one by one."""
        if self._each_frame is None:
            ends = accumulate(struct.unpack(f"<{len(self)}I", self._lengths), initial=0)
            self._each_frame = [self.frames[start:end] for start, end in pairwise(ends)]
        return self._each_frame

    @cached_property
    def by_name(self) -> dict[bytes, tuple[bytes, bytes]]:
        """Name → facts, frame."""
        return dict(zip(self.each_name(), zip(each_of(self.facts), self.each_frame(), strict=True), strict=True))

    def encode(self) -> bytes:
        """As bytes: number of files, length of the names, lengths of the frames, 4 bytes each; then all of them."""
        frames = self.each_frame()
        lengths = struct.pack(f"<{len(frames)}I", *map(len, frames))
        return b"".join((_COUNTS.pack(len(frames), len(self.names)), lengths, self.facts, self.names, self.frames))

    @classmethod
    def decode(cls, data: bytes) -> Files:
        """From what ``encode`` gave, unchanged."""
        count, names_bytes = _COUNTS.unpack_from(data)
        facts_at = _COUNTS.size + 4 * count
        names_at = facts_at + FACTS_BYTES * count
        frames_at = names_at + names_bytes
        return cls(
            data[names_at:frames_at], data[facts_at:names_at], data[frames_at:], None, data[_COUNTS.size : facts_at]
        )


NO_FILES: Final = Files.in_order(b"", b"", ())
