"""What is known of the files of a tree, from reading them or from an earlier run, and which must be read.

Decides when a file is opened: when its digest is first needed and is not remembered with the stat facts that the file
has now. Leaves listing to ``core.context.tree``, reading itself to ``core.context.read_files``, and the file on disk to
a ``StatCache`` (``adapters.digests.stat_cache``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from fast_container.core.context.directory_files import NO_FILES, Files
from fast_container.core.context.node import Node, on_disk, path_bytes
from fast_container.core.context.read_files import read_files, unreadable
from fast_container.core.context.small_files import BeforeRead
from fast_container.core.context.stat_facts import FACTS_BYTES, UNSEEN, each_of, pack_facts, sizes_of

# So much takes seconds to read again; less than that is saved only after the program's last image was selected.
_MUCH_BYTES = 1 << 30


class StatCache(Protocol):
    """Memory of one root's files between runs."""

    def get(self, directory: str) -> Files | None:
        """Return the files of a directory as they were last read, or None."""
        ...

    def put(self, directory: str, files: Files) -> None:
        """Remember files that were read while their facts held, instead of what was known of the directory."""
        ...

    def settle(self, paths: Sequence[bytes], facts: bytes) -> BeforeRead | None:
        """Begin to make sure that no later change of files goes unseen; called just before they are read.

        Args:
            paths: Relative to the root.
            facts: Theirs, joined.

        Returns:
            What must be called with each of them, once it is open; None if there is nothing to do.
        """
        ...

    def forget(self) -> None:
        """Forget everything, for good: some of it was wrong."""
        ...

    def save(self) -> None:
        """Write what is new; a cache that cannot be written is not an error."""
        ...


class StatCaches(Protocol):
    """Gives each root its cache."""

    def open(self, root: str) -> StatCache | None:
        """Return the cache of that root, empty if it is missing or damaged; None if nothing can be remembered."""
        ...


class KnownFiles:
    """The files of one root. The caller holds the tree's ``lock``.

    Args:
        root: Where they lie; absolute.
        cache: What is remembered of them; None for nothing.

    Attributes:
        files_hashed: Number of files read.
    """

    def __init__(self, root: str, cache: StatCache | None) -> None:
        self._root = root
        self._prefix = root if root.endswith("/") else f"{root}/"
        self._cache = cache
        self._known: dict[str, Files] = {}
        self._tidied: set[str] = set()
        self.files_hashed = 0
        self._is_unsaved = False
        self._unsaved_bytes = 0

    def read(self, wanted: Sequence[tuple[Node, Sequence[str]]]) -> list[Files]:
        """Return files with their encoded entries, reading the contents that no cache knows.

        Args:
            wanted: Listed directories, each with names of files in it, in the order of the names' bytes.

        Returns:
            Those files, for each directory.

        Raises:
            ContextError: A file cannot be read or changed while it was read.
        """
        found: list[Files | None] = []
        missing: list[tuple[Node, list[str]]] = []
        for directory, names in wanted:
            known = self._recalled(directory, names)
            found.append(known)
            if known is None:
                missing.append((directory, self._unknown(directory, names)))
        if missing:
            self._learn(missing)
        return [
            files if files is not None else self._part(directory, names)
            for files, (directory, names) in zip(found, wanted, strict=True)
        ]

    def save(self) -> None:
        """Let the cache write what was learnt."""
        if self._cache is not None and self._is_unsaved:
            self._cache.save()
            self._is_unsaved, self._unsaved_bytes = False, 0

    def forget(self) -> None:
        """Let the cache forget everything: some of it was wrong."""
        if self._cache is not None:
            self._cache.forget()

    def save_if_worth_it(self) -> None:
        """Save if much was learnt since the last save, so that a run that is killed does not lose it."""
        if self._unsaved_bytes >= _MUCH_BYTES:
            self.save()

    def remembers(self, directory: Node) -> bool:
        """Whether files of a directory are known, so that the others are worth a look before they are opened."""
        return bool(self._known_of(directory))

    def _known_of(self, directory: Node) -> Files:
        known = self._known.get(directory.path)
        if known is None:
            known = (self._cache.get(directory.path) if self._cache is not None else None) or NO_FILES
            self._known[directory.path] = known
        return known

    def _recalled(self, directory: Node, names: Sequence[str]) -> Files | None:
        """Return exactly these files, if all of them and no others are known, with their current stat facts."""
        known = self._known_of(directory)
        if not known:
            # Files that were not looked at are when they are open.
            return None if names else known
        files = _listed(directory)
        facts = [files[name] for name in names]
        if b"" in facts:
            self._look(directory, names)
            facts = [files[name] for name in names]
        if len(known) != len(facts) or known.facts != b"".join(facts):
            return None
        return known if known.names == path_bytes("\0".join(names)) else None

    def _look(self, directory: Node, names: Sequence[str]) -> None:
        """Stat the files that the listing did not stat."""
        files = _listed(directory)
        for name in names:
            if not files[name]:
                path = directory.prefix + name
                try:
                    files[name] = pack_facts(os.lstat(self._prefix + on_disk(path)))
                except OSError as error:
                    raise unreadable(path, self._root, "file", error) from error

    def _unknown(self, directory: Node, names: Sequence[str]) -> list[str]:
        """Return which of these files must be read; outdated knowledge is dropped, once."""
        path, known = directory.path, self._known[directory.path]
        if not known:
            return list(names)
        if path not in self._tidied:
            self._tidied.add(path)
            present = {path_bytes(name): facts for name, facts in _listed(directory).items()}
            valid = {name: found for name, found in known.by_name.items() if present.get(name) == found[0]}
            if len(valid) < len(known):
                self._keep(directory, Files.of(valid))
                known = self._known[path]
        return [name for name in names if path_bytes(name) not in known.by_name]

    def _learn(self, missing: Sequence[tuple[Node, list[str]]]) -> None:
        """Read files and keep their encoded entries."""
        paths: list[bytes] = []
        facts: list[bytes] = []
        joined: list[bytes] = []
        for directory, names in missing:
            listed, prefix = _listed(directory), path_bytes(directory.prefix)
            joined.append(path_bytes("\0".join(names)))
            paths += (prefix + joined[-1].replace(b"\0", b"\0" + prefix)).split(b"\0") if names else ()
            facts += [listed[name] or UNSEEN for name in names]
        seen = b"".join(facts)
        before_read = self._cache.settle(paths, seen) if self._cache is not None else None
        all_facts, encoded = read_files(self._prefix, paths, seen, before_read)
        self.files_hashed += len(paths)
        self._unsaved_bytes += sum(sizes_of(all_facts))
        each = each_of(all_facts)
        end = 0
        for (directory, names), joined_names in zip(missing, joined, strict=True):
            start, end = end, end + len(names)
            _listed(directory).update(zip(names, each[start:end], strict=True))
            own = all_facts[start * FACTS_BYTES : end * FACTS_BYTES]
            self._add(directory, Files.in_order(joined_names, own, encoded[start:end]))

    def _add(self, directory: Node, learnt: Files) -> None:
        known = self._known[directory.path]
        self._keep(directory, Files.of(known.by_name | learnt.by_name) if known else learnt)

    def _keep(self, directory: Node, files: Files) -> None:
        self._known[directory.path] = files
        self._is_unsaved = True
        if self._cache is not None:
            self._cache.put(directory.path, files)

    def _part(self, directory: Node, names: Sequence[str]) -> Files:
        """Return these of the known files."""
        known = self._known[directory.path]
        if len(known) == len(names):
            return known
        by_name = known.by_name
        return Files.of({name: by_name[name] for name in map(path_bytes, names)})


def _listed(directory: Node) -> dict[str, bytes]:
    """Return the stat facts of a listed directory's files."""
    assert directory.listing is not None
    return directory.listing.files
