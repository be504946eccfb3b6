"""Files that count and that git ignores: other checkouts do not have them, or have others.

Decides which files of the selected contexts these are, and the line that says so. Leaves asking git to
``adapters.git``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class CountedFile(Protocol):
    """A selected entry, as far as it matters here; ``kind`` is ``file``, ``dir`` or ``link``."""

    @property
    def path(self) -> str:
        """Relative to its context."""
        ...

    @property
    def kind(self) -> str:
        """Kind of the entry."""
        ...

    @property
    def size(self) -> int:
        """Bytes of content."""
        ...


@dataclass(frozen=True, slots=True)
class IgnoredFiles:
    """Files that count and that git ignores; each counts once, in however many images it is.

    Attributes:
        count: How many there are, one or more.
        total_bytes: Their content.
        largest: Path of the largest, relative to the working tree.
        largest_bytes: Its content.
    """

    count: int
    total_bytes: int
    largest: str
    largest_bytes: int

    @property
    def line(self) -> str:
        """One line for the user."""
        size, largest = _size(self.total_bytes), f"{self.largest}, {_size(self.largest_bytes)}"
        if self.count == 1:
            return (
                f"1 file that counts is git-ignored ({largest}): a checkout without it, or with another, builds another"
                " image; name it in .dockerignore, or commit it"
            )
        return (
            f"{self.count} files that count are git-ignored ({size}; the largest: {largest}): a checkout without them,"
            " or with others, builds another image; name them in .dockerignore, or commit them"
        )

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "files": self.count,
            "total_bytes": self.total_bytes,
            "largest": self.largest,
            "largest_bytes": self.largest_bytes,
        }


def ignored_files(
    contexts: Mapping[str, Iterable[Iterable[CountedFile]]], ignored: Sequence[str]
) -> IgnoredFiles | None:
    """The files of some contexts that are ignored; None for none.

    Args:
        contexts: Folder of a context, relative to the working tree ("" for its top) → entries of each selection there.
        ignored: What git ignores, relative to the working tree; a directory ends with ``/`` and stands for all in it.
    """
    found: dict[str, int] = {}
    for folder, selections in contexts.items():
        prefix = f"{folder}/" if folder else ""
        everything = any(one.endswith("/") and prefix.startswith(one) for one in ignored)
        below = {one.removeprefix(prefix) for one in ignored if one.startswith(prefix)}
        if not below and not everything:
            continue
        directories = tuple(one for one in below if one.endswith("/"))
        for entries in selections:
            for entry in entries:
                path = entry.path
                if entry.kind == "file" and (everything or path in below or path.startswith(directories)):
                    found[prefix + path] = entry.size
    if not found:
        return None
    largest = min(found, key=lambda path: (-found[path], path))
    return IgnoredFiles(len(found), sum(found.values()), largest, found[largest])


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} {'byte' if size == 1 else 'bytes'}"
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
