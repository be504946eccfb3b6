"""One name in a tree of files, and what becomes known of it step by step.

Decides what is kept of a name: there are as many of these as files, so no more than is needed. Leaves listing, looking
and reading to ``core.walk``.
"""

from __future__ import annotations

import os
from typing import Literal

from fast_container.core.entry import Entry
from fast_container.core.key import encode_entry, encode_file

Kind = Literal["file", "dir", "symlink", "other"]


class Node:
    """A name in a tree: looked at when it is listed, read when it is completed.

    Attributes:
        path: Relative to the root, ``/``-separated; "" is the root.
        parent: The directory that it was listed in; None for the root.
        kind: ``other`` is a device, socket or named pipe.
        listed: What the directory's listing said; None once the node is complete, and for the root.
        children: Name → node of a directory, once it was listed.
        sort_key: The path's bytes, once complete.
        frames: What counts of it as it goes into a context's digest (``core.key``), once complete; never empty then.
        mode: As an entry has it.
        size: As an entry has it.
        digest: As an entry has it.
        target: A link's text.
    """

    __slots__ = (
        "children",
        "digest",
        "frames",
        "kind",
        "listed",
        "mode",
        "parent",
        "path",
        "size",
        "sort_key",
        "target",
    )

    def __init__(self, path: str, parent: Node | None, kind: Kind, listed: os.DirEntry[str] | None) -> None:
        self.path = path
        self.parent = parent
        self.kind: Kind = kind
        self.listed = listed
        self.children: dict[str, Node] | None = None
        self.frames = b""

    def entry(self) -> Entry:
        """The complete node as an entry."""
        assert self.frames and self.kind != "other"
        return Entry(self.path, self.kind, self.mode, self.size, self.digest, self.target)

    def finish(self, mode: int, size: int, digest: str, target: str = "") -> None:
        """Set what counts of it."""
        self.mode = mode
        self.size = size
        self.digest = digest
        self.target = target
        path = self.path
        key = path.encode() if path.isascii() else path.encode("utf-8", "surrogateescape")
        self.sort_key = key
        kind = self.kind
        self.frames = (
            encode_file(key, mode, digest) if kind == "file" else encode_entry(key, kind, mode, target, digest)
        )
        self.listed = None


def kind_of(listed: os.DirEntry[str]) -> Kind:
    """What a directory's listing says of a name; no link is followed."""
    if listed.is_file(follow_symlinks=False):
        return "file"
    if listed.is_symlink():
        return "symlink"
    return "dir" if listed.is_dir(follow_symlinks=False) else "other"
