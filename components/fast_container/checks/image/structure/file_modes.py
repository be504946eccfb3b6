"""Permissions as Go writes them: ``-rw-r--r--``, ``drwxr-xr-x``, ``urwxr-xr-x`` for a set-user-id program.

Source: ``FileMode.String`` of Go's package io/fs.
"""

from __future__ import annotations

from typing import Final

from fast_container.core.layers.entry import DEVICE, DIRECTORY, FIFO, SYMLINK, Entry

_KINDS: Final = {DIRECTORY: "d", SYMLINK: "L", DEVICE: "D", FIFO: "p"}
_SPECIAL: Final = ((0o4000, "u"), (0o2000, "g"), (0o1000, "t"))
_LETTERS: Final = "rwxrwxrwx"


def written(entry: Entry) -> str:
    """Write an entry's permissions."""
    kind = _KINDS.get(entry.kind, "") + "".join(letter for bit, letter in _SPECIAL if entry.mode & bit)
    mode = permissions(entry)
    allowed = (letter if mode & (0o400 >> at) else "-" for at, letter in enumerate(_LETTERS))
    return (kind or "-") + "".join(allowed)


def permissions(entry: Entry) -> int:
    """The permission bits; Linux knows none of links."""
    return 0o777 if entry.kind == SYMLINK else entry.mode & 0o777
