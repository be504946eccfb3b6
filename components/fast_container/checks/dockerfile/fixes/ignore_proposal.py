"""Lines of an ignore file for what is really there and no image reads.

Decides the form of the lines: one for a folder that nothing is read of, ``**/name`` for folders of tools, and a rule
with exceptions where most of a folder is not read. Leaves what images read, and trying the lines, to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fast_container.checks.dockerfile.context_rules import TOOL_FOLDERS

_MOST_LINES: Final = 8
_MOST_EXCEPTIONS: Final = 24
_SPECIAL: Final = re.compile(r"[\\*?\[\]]|\A[#!]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\udc80-\udcff]")


@dataclass(slots=True)
class _Folder:
    """A folder of the context.

    Attributes:
        size: Bytes below it.
        is_read: Whether something of it is read.
        entries: Name → folder, or a file, which has no entries.
    """

    size: int = 0
    is_read: bool = False
    entries: dict[str, _Folder] = field(default_factory=dict[str, "_Folder"])


def proposed_lines(sizes: Mapping[str, int], read: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Propose lines that ignore what is not read.

    Args:
        sizes: File that is sent now → bytes.
        read: Files and directories that images read, without those in ``folders``.
        folders: Names of folders of tools that may be ignored although a copy takes them along.
    """
    needed = set(read)
    inside_read = {part for path in needed for part in path.split("/")}
    there = {part for path in sizes for part in path.split("/")[:-1] if part in TOOL_FOLDERS}
    tools = sorted({*folders, *(there - inside_read)} & there)
    rest = {path: size for path, size in sizes.items() if not any(part in tools for part in path.split("/")[:-1])}
    top = _tree(rest, needed)
    # At the end: an exception before them brings back what is below it.
    return [*_lines(top, ""), *(f"**/{name}" for name in tools)]


def _tree(sizes: Mapping[str, int], needed: set[str]) -> _Folder:
    top = _Folder()
    for path, size in sizes.items():
        _add(top, path, size, is_read=path in needed)
    for path in needed:
        _mark(top, path)
    return top


def _add(top: _Folder, path: str, size: int, *, is_read: bool) -> None:
    here = top
    here.size += size
    for part in path.split("/"):
        here = here.entries.setdefault(part, _Folder())
        here.size += size
        here.is_read = here.is_read or is_read


def _mark(top: _Folder, path: str) -> None:
    """Note a directory that is read, with those above it."""
    here = top
    for part in path.split("/"):
        found = here.entries.get(part)
        if found is None:
            return
        found.is_read, here = True, found


def _lines(folder: _Folder, prefix: str) -> Iterator[str]:
    unread = [name for name, entry in folder.entries.items() if not entry.is_read]
    known = [name for name, entry in folder.entries.items() if entry.is_read]
    by_size = sorted(unread, key=lambda name: (-folder.entries[name].size, name))
    if len(unread) > _MOST_LINES and 0 < len(known) <= _MOST_EXCEPTIONS and all(map(_can_be_said, known)):
        yield f"{prefix}*"
        yield from (f"!{prefix}{_escaped(name)}" for name in sorted(known))
    else:
        yield from (f"{prefix}{_escaped(name)}" for name in by_size if _can_be_said(name))
    for name in sorted(known):
        if _can_be_said(name):
            yield from _lines(folder.entries[name], f"{prefix}{_escaped(name)}/")


def _can_be_said(name: str) -> bool:
    """Whether a line of the file can hold a name."""
    return not _CONTROL.search(name) and name == name.strip()


def _escaped(name: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", name)
