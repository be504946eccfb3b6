"""The files under the roots of a program's build contexts, each looked at once.

Decides how a directory is listed: once, when a selection first needs it, with a look at each of its files. The result
is kept for every image of the program that reads the same root. Leaves which names count to ``core.context.view`` and
``core.context.selection``, and when a file is read to ``core.context.known_files``.

A tree is a picture of one moment. A file that changes while it is read is refused by its name; one that changes later
is refused when it is staged.
"""

# Paths are strings with surrogate escapes, and there are many: pathlib is too slow.
# ruff: noqa: PTH115

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from threading import RLock
from typing import Final

from fast_container.core.context.directory_files import Files
from fast_container.core.context.known_files import KnownFiles, StatCache
from fast_container.core.context.node import Listing, Node, from_disk, kind_of, on_disk, path_bytes
from fast_container.core.context.read_files import impossible, unreadable
from fast_container.core.context.small_files import OPEN_FLAGS
from fast_container.core.context.stat_facts import pack_facts

# A name relative to a directory's descriptor is quicker to resolve than a path from the root of the file system.
_BY_DESCRIPTOR: Final = os.scandir in os.supports_fd and hasattr(os, "O_DIRECTORY")
_DIRECTORY_FLAGS: Final = OPEN_FLAGS | getattr(os, "O_DIRECTORY", 0)


class Tree:
    """One root, its names and digests as far as they were needed.

    The caller of a method holds ``lock``; a selection holds it from its first look to its last digest.
    """

    def __init__(self, root: str, cache: StatCache | None = None) -> None:
        self.root = root
        self.lock = RLock()
        self.top = Node("", None, "dir")
        self._prefix = root if root.endswith("/") else f"{root}/"
        self._files = KnownFiles(root, cache)

    @property
    def files_hashed(self) -> int:
        """Number of files that were read."""
        return self._files.files_hashed

    def listing(self, directory: Node, *, is_ignored: bool = False) -> Listing:
        """List a directory.

        Args:
            directory: The directory.
            is_ignored: Whether most of it will not count, so that files are only looked at when they do.

        Raises:
            ContextError: The directory cannot be listed.
        """
        known = directory.listing
        if known is None:
            try:
                known = directory.listing = self._list(
                    directory, looks=not is_ignored and self._files.remembers(directory)
                )
            except OSError as error:
                raise unreadable(directory.path, self.root, "directory", error) from error
        return known

    def children(self, directory: Node) -> dict[str, Node]:
        """Return the names in a directory, in no order; raises as ``listing`` does."""
        listing = self.listing(directory)
        if listing.nodes is None:
            prefix = directory.prefix
            files = {name: Node(prefix + name, directory, "file", facts) for name, facts in listing.files.items()}
            listing.nodes = files | listing.others
        return listing.nodes

    def link_target(self, node: Node) -> str:
        """Return a link's target."""
        if not node.encoded:
            self._finish_link(node)
        return node.target

    def complete(self, nodes: Iterable[Node]) -> None:
        """Complete nodes, reading the contents that no cache knows.

        Raises:
            ContextError: Something cannot be read, changed while it was read, or is not a file, directory or link.
        """
        files: dict[Node, dict[str, Node]] = {}
        for node in nodes:
            if node.encoded:
                continue
            if node.kind == "file":
                assert node.parent is not None
                files.setdefault(node.parent, {})[node.name] = node
            elif node.kind == "dir":
                node.finish_directory()
            elif node.kind == "symlink":
                self._finish_link(node)
            else:
                raise impossible(node.path)
        wanted = [(directory, sorted(found, key=path_bytes)) for directory, found in files.items()]
        for found, known in zip(files.values(), self.read(wanted), strict=True):
            for name, node in found.items():
                node.facts, node.encoded = known.by_name[path_bytes(name)]

    def read(self, wanted: Sequence[tuple[Node, Sequence[str]]]) -> list[Files]:
        """Return the files of listed directories with their encoded entries (``KnownFiles.read``)."""
        return self._files.read(wanted)

    def save(self) -> None:
        """Let the cache write what was learnt."""
        with self.lock:
            self._files.save()

    def forget(self) -> None:
        """Let the cache forget everything: some of it was wrong."""
        with self.lock:
            self._files.forget()

    def save_if_worth_it(self) -> None:
        """Save if much was learnt since the last save, so that a run that is killed does not lose it."""
        self._files.save_if_worth_it()

    def absolute(self, path: str) -> str:
        """Return the absolute path of a path of this tree."""
        return self._prefix + on_disk(path) if path else self.root

    def _list(self, directory: Node, *, looks: bool) -> Listing:
        listing = Listing()
        files, others = listing.files, listing.others
        prefix = directory.prefix
        place = self.absolute(directory.path)
        descriptor = os.open(place, _DIRECTORY_FLAGS) if _BY_DESCRIPTOR else None
        try:
            with os.scandir(place if descriptor is None else descriptor) as found:
                for entry in found:
                    name = entry.name if entry.name.isascii() else from_disk(entry.name)
                    if entry.is_file(follow_symlinks=False):
                        try:
                            files[name] = pack_facts(entry.stat(follow_symlinks=False)) if looks else b""
                        except OSError:
                            # It may be ignored; if not, the next look finds out what is wrong.
                            files[name] = b""
                    else:
                        others[name] = Node(prefix + name, directory, kind_of(entry))
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return listing

    def _finish_link(self, node: Node) -> None:
        try:
            target = from_disk(os.readlink(self.absolute(node.path)))
        except OSError as error:
            raise unreadable(node.path, self.root, "link", error) from error
        node.finish_link(target, f"sha256:{hashlib.sha256(path_bytes(target)).hexdigest()}")
