"""Cuts what an image reads into content-addressed chunks, so that a shared package is uploaded once.

Decides where the cuts are, from the entries alone: at the directories of the first two levels of a context, and below
them at every directory that holds a package's own file (``pyproject.toml``, ``package.json``, …). A chunk is what lies
below such a directory and below no deeper one. Two images, or two machines, that read the same of a directory have the
same chunk, whatever else they read and wherever their context's root is. Leaves packing to ``core.staging.archive`` and
uploading to an adapter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from fast_container.core.entry import Entry
from fast_container.core.key import entries_digest
from fast_container.core.ports import ContextSource

_LEVELS: Final = 2
_PACKAGE_FILES: Final = frozenset(
    {"pyproject.toml", "setup.py", "package.json", "go.mod", "Cargo.toml", "pom.xml", "build.gradle", "composer.json"}
)
# Third-party trees have thousands of packages: each as an object of its own would cost more than it saves.
_THIRD_PARTY: Final = frozenset({"node_modules", "site-packages", "vendor", ".venv", "venv"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """What lies below one directory of a context.

    Attributes:
        digest: 64 hexadecimal digits: the ``context_digest`` of its entries.
        prefix: The directory, relative to the context's root; "" is the root itself.
        source: The directory, and the entries below it.
    """

    digest: str
    prefix: str
    source: ContextSource


def cut(source: ContextSource) -> tuple[Chunk, ...]:
    """The chunks of one context, in the order of their prefixes; together they hold exactly its entries."""
    packages = frozenset(folder for entry in source.entries if (folder := _package(entry)))
    grouped: dict[str, list[Entry]] = {}
    for entry in source.entries:
        grouped.setdefault(_prefix(entry, packages), []).append(entry)
    return tuple(_chunk(source.root, prefix, entries) for prefix, entries in sorted(grouped.items()))


def joined(chunks: Iterable[tuple[str, tuple[Entry, ...]]]) -> tuple[Entry, ...]:
    """The context's entries again, from (prefix, entries below it)."""
    whole = [
        replace(entry, path=f"{prefix}/{entry.path}" if prefix else entry.path)
        for prefix, entries in chunks
        for entry in entries
    ]
    return tuple(sorted(whole, key=lambda entry: entry.path_bytes))


def _package(entry: Entry) -> str:
    """The directory that a package's own file makes a place to cut at, or ""."""
    folder, _, name = entry.path.rpartition("/")
    if entry.type != "file" or name not in _PACKAGE_FILES or not _THIRD_PARTY.isdisjoint(folder.split("/")):
        return ""
    return folder


def _prefix(entry: Entry, packages: frozenset[str]) -> str:
    # The directory that is cut at is an entry of its parent: a chunk never holds its own root.
    above = entry.path.split("/")[:-1]
    for level in range(len(above), _LEVELS, -1):
        if (place := "/".join(above[:level])) in packages:
            return place
    return "/".join(above[:_LEVELS])


def _chunk(root: str, prefix: str, entries: list[Entry]) -> Chunk:
    cut_off = len(prefix) + 1 if prefix else 0
    inside = tuple(replace(entry, path=entry.path[cut_off:]) for entry in entries)
    place = f"{root}/{prefix}" if prefix else root
    return Chunk(entries_digest(inside), prefix, ContextSource(place, inside))
