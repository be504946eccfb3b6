"""One name in a tree of files, and what becomes known of it step by step.

Decides what is kept of a name. There are as many of these as files, so it is no more than needed: of a file only its
stat facts, until its node is asked for. Leaves listing and reading to ``core.context.tree``.
"""

from __future__ import annotations

import os
import sys
from typing import Final, Literal

from fast_container.core.context.stat_facts import mode_of, size_of
from fast_container.core.entry import MODE_DIRECTORY, MODE_LINK, Entry
from fast_container.core.key import encode_directory, encode_entry

Kind = Literal["file", "dir", "symlink", "other"]
_IS_UTF8: Final = sys.getfilesystemencoding() == "utf-8"
_FILE_DIGEST_LENGTH = len("sha256:") + 64


class Node:
    """A name in a tree: looked at when it is listed, read when it is completed.

    Attributes:
        path: Relative to the root, ``/``-separated; "" is the root.
        parent: The directory that it was listed in; None for the root.
        kind: ``other`` is a device, socket or named pipe.
        facts: A file's (``core.context.stat_facts``); empty for other kinds, and for a file without a successful look.
        listing: The names in a directory, once it was listed.
        encoded: The encoded entry (``core.key``), once complete; never empty then.
        target: A link's target, once complete.
    """

    __slots__ = ("encoded", "facts", "kind", "listing", "parent", "path", "target")

    def __init__(self, path: str, parent: Node | None, kind: Kind, facts: bytes = b"") -> None:
        self.path = path
        self.parent = parent
        self.kind: Kind = kind
        self.facts = facts
        self.listing: Listing | None = None
        self.encoded = b""
        self.target = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def prefix(self) -> str:
        """Prefix of the paths of the names in a directory."""
        return f"{self.path}/" if self.path else ""

    @property
    def sort_key(self) -> bytes:
        """The path as bytes."""
        return path_bytes(self.path)

    @property
    def size(self) -> int:
        """Bytes of content of a file that was looked at; else 0."""
        return size_of(self.facts) if self.facts else 0

    def finish_directory(self) -> None:
        """Encode a directory."""
        self.encoded = encode_directory(self.sort_key)

    def finish_link(self, target: str, digest: str) -> None:
        """Encode a link with its target."""
        self.target = target
        self.encoded = encode_entry(self.sort_key, "symlink", MODE_LINK, target, digest)

    def entry(self) -> Entry:
        """Return the complete node as an entry."""
        assert self.encoded and self.kind != "other"
        if self.kind == "dir":
            return Entry(self.path, "dir", MODE_DIRECTORY, 0, "")
        # The digest is the last encoded value.
        digest = self.encoded[-_FILE_DIGEST_LENGTH:].decode()
        if self.kind == "file":
            return Entry(self.path, "file", mode_of(self.facts), self.size, digest)
        return Entry(self.path, "symlink", MODE_LINK, len(path_bytes(self.target)), digest, self.target)


class Listing:
    """The names in a directory.

    Attributes:
        files: Name → stat facts of the files; empty for files that were not looked at.
        others: Name → node of everything else.
        nodes: Name → node of everything, once the files' nodes were asked for.
    """

    __slots__ = ("files", "nodes", "others")

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.others: dict[str, Node] = {}
        self.nodes: dict[str, Node] | None = None


def path_bytes(path: str) -> bytes:
    """Encode a path or name as the bytes that the file system has."""
    return path.encode() if path.isascii() else path.encode("utf-8", "surrogateescape")


def path_text(path: bytes) -> str:
    """Decode the bytes of ``path_bytes``."""
    return path.decode("utf-8", "surrogateescape")


def on_disk(path: str) -> str:
    """Convert a path or name of a tree, or any string, for the system's calls.

    Names in a tree are UTF-8 strings in every locale, or the same files would have other keys in another locale.
    Python's
    calls want names in the locale's encoding.
    """
    return path if _IS_UTF8 or path.isascii() else os.fsdecode(path_bytes(path))


def from_disk(name: str) -> str:
    """Convert a name from the system's calls to a name of a tree."""
    return name if _IS_UTF8 or name.isascii() else path_text(os.fsencode(name))


def kind_of(listed: os.DirEntry[str]) -> Kind:
    """Return the kind of a directory entry that is not a file; links are not followed."""
    if listed.is_symlink():
        return "symlink"
    return "dir" if listed.is_dir(follow_symlinks=False) else "other"
