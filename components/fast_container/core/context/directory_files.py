"""Files of one directory with their encoded entries: what a tree knows, and what is remembered between runs.

Decides the form in which they are kept: joined bytes, in the order of the names' bytes, so that an unchanged directory
costs one comparison however many files it has. Leaves reading to ``core.context.read_files``, which of them must be
read to ``core.context.known_files``, and the cache's file to ``adapters.digests.stat_cache``.
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
        facts: The stat facts of each (``core.context.stat_facts``) at the last look, joined.
        encoded: The encoded entry of each (``core.key``), joined.
    """

    def __init__(
        self, names: bytes, facts: bytes, encoded: bytes, each_encoded: Sequence[bytes] | None, lengths: bytes
    ) -> None:
        """Use ``of``, ``in_order`` or ``decode``; pass the encoded entries one by one, or their lengths."""
        self.names = names
        self.facts = facts
        self.encoded = encoded
        self._each_encoded = each_encoded
        self._lengths = lengths

    @classmethod
    def of(cls, known: Mapping[bytes, tuple[bytes, bytes]]) -> Files:
        """Make files from name → stat facts and encoded entry."""
        names = sorted(known)
        facts = b"".join([known[name][0] for name in names])
        return cls.in_order(b"\0".join(names), facts, [known[name][1] for name in names])

    @classmethod
    def in_order(cls, names: bytes, facts: bytes, encoded: Sequence[bytes]) -> Files:
        """Make files from names and facts, both joined, and the encoded entries."""
        return cls(names, facts, b"".join(encoded), encoded, b"")

    def __len__(self) -> int:
        """Number of files."""
        return len(self.facts) // FACTS_BYTES

    def each_name(self) -> list[bytes]:
        """Names one by one."""
        return self.names.split(b"\0") if self.names else []

    def each_encoded(self) -> Sequence[bytes]:
        """Encoded entries one by one."""
        if self._each_encoded is None:
            ends = accumulate(struct.unpack(f"<{len(self)}I", self._lengths), initial=0)
            self._each_encoded = [self.encoded[start:end] for start, end in pairwise(ends)]
        return self._each_encoded

    @cached_property
    def by_name(self) -> dict[bytes, tuple[bytes, bytes]]:
        """Name → stat facts and encoded entry."""
        return dict(zip(self.each_name(), zip(each_of(self.facts), self.each_encoded(), strict=True), strict=True))

    def encode(self) -> bytes:
        """Encode: number of files, length of the names, lengths of the encoded entries, 4 bytes each; then all."""
        encoded = self.each_encoded()
        lengths = struct.pack(f"<{len(encoded)}I", *map(len, encoded))
        return b"".join((_COUNTS.pack(len(encoded), len(self.names)), lengths, self.facts, self.names, self.encoded))

    @classmethod
    def decode(cls, data: bytes) -> Files:
        """Read the bytes that ``encode`` returned."""
        count, names_bytes = _COUNTS.unpack_from(data)
        facts_at = _COUNTS.size + 4 * count
        names_at = facts_at + FACTS_BYTES * count
        encoded_at = names_at + names_bytes
        return cls(
            data[names_at:encoded_at], data[facts_at:names_at], data[encoded_at:], None, data[_COUNTS.size : facts_at]
        )


NO_FILES: Final = Files.in_order(b"", b"", ())
