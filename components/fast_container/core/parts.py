"""Cuts what an image reads into content-addressed parts, so that a shared package is uploaded once.

Decides where the cuts are, from the entries alone: a part is what lies below one directory of the first two levels
of a context, or what lies directly in the root or in such a directory's parent. Two images, or two machines, that read
the same of a directory have the same part, whatever else they read and wherever their context's root is. Leaves
packing to ``core.archive`` and uploading to an adapter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fast_container.core.entry import Entry
from fast_container.core.key import entries_digest
from fast_container.core.ports import ContextSource

_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """What lies below one directory of a context.

    Attributes:
        digest: 64 hexadecimal digits: the ``context_digest`` of its entries.
        prefix: The directory, relative to the context's root; "" is the root itself.
        source: The directory, and the entries below it.
    """

    digest: str
    prefix: str
    source: ContextSource

    @property
    def content_bytes(self) -> int:
        """Bytes of the files, before any packing."""
        return sum(entry.size for entry in self.source.entries)


def cut(source: ContextSource) -> tuple[Part, ...]:
    """The parts of one context, in the order of their prefixes; together they hold exactly its entries."""
    grouped: dict[str, list[Entry]] = {}
    for entry in source.entries:
        grouped.setdefault(_prefix(entry), []).append(entry)
    return tuple(_part(source.root, prefix, entries) for prefix, entries in sorted(grouped.items()))


def joined(parts: Iterable[tuple[str, tuple[Entry, ...]]]) -> tuple[Entry, ...]:
    """The context's entries again, from (prefix, entries below it)."""
    whole = [
        replace(entry, path=f"{prefix}/{entry.path}" if prefix else entry.path)
        for prefix, entries in parts
        for entry in entries
    ]
    return tuple(sorted(whole, key=lambda entry: entry.path_bytes))


def _prefix(entry: Entry) -> str:
    above = entry.path.split("/")[:-1]
    # A directory of the last level that cuts is its parent's: a part never holds its own root.
    return "/".join(above[:_LEVELS])


def _part(root: str, prefix: str, entries: list[Entry]) -> Part:
    cut_off = len(prefix) + 1 if prefix else 0
    inside = tuple(replace(entry, path=entry.path[cut_off:]) for entry in entries)
    place = f"{root}/{prefix}" if prefix else root
    return Part(entries_digest(inside), prefix, ContextSource(place, inside))

