"""The entries of one layer, in columns: an image has a hundred thousand of them, and few are ever looked at.

Decides that a layer is read to its end, within limits, and what is kept of an entry. Leaves the form in a cache to
``core.layers.listing_form``, and files and their owners to ``adapters.layers``.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from fast_container.core.layers.byte_stream import ByteStream
from fast_container.core.layers.decompression import MakeInflater, Unzstd, decompressed, inflater
from fast_container.core.layers.elf import architecture
from fast_container.core.layers.entry import FILE, Entry
from fast_container.core.layers.file_kinds import IS_WHITEOUT, kinds_of, machine
from fast_container.core.layers.kept import is_searched, kept_bytes, kept_form
from fast_container.core.layers.limits import LayerLimitError, Limits
from fast_container.core.layers.package_lists import is_package_list
from fast_container.core.layers.secret_signs import secret_signs
from fast_container.core.layers.tar_entries import tar_entries

Numbers = Sequence[int]
_NONE: Final[Numbers] = ()
_AFTER_SLASH: Final = chr(ord("/") + 1)


@dataclass(frozen=True)
class Listing:
    """A layer's entries in their order; entry ``at`` is the ``at``-th of each column.

    Attributes:
        paths: See ``Entry``, as for the other columns.
        types: One letter each.
        sizes: Bytes.
        modes: Permissions.
        uids: Owners.
        gids: Groups.
        mtimes: Seconds.
        links: Index → target, of links.
        heads: Index → first bytes, of files of which some are kept.
        signs: Index → kinds of secrets.
        kinds: Kind, as ``core.layers.file_kinds`` names it → indexes of the entries that are of it.
        implied: Directories that have no entry of their own.
    """

    paths: Sequence[str]
    types: str
    sizes: Numbers
    modes: Numbers
    uids: Numbers
    gids: Numbers
    mtimes: Numbers
    links: Mapping[int, str]
    heads: Mapping[int, bytes]
    signs: Mapping[int, tuple[str, ...]]
    kinds: Mapping[str, Numbers]
    implied: frozenset[str]

    def __len__(self) -> int:
        return len(self.paths)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Listing:
        """Make a listing of entries."""
        made = ListingBuilder()
        for entry in entries:
            made.add(entry)
        return made.listing()

    def entry(self, at: int) -> Entry:
        """One entry."""
        return Entry(
            self.paths[at],
            self.types[at],
            self.sizes[at],
            self.modes[at],
            self.uids[at],
            self.gids[at],
            self.mtimes[at],
            self.links.get(at, ""),
            self.heads.get(at, b""),
            self.signs.get(at, ()),
        )

    def of_kind(self, kind: str) -> Numbers:
        """Indexes of the entries of a kind."""
        return self.kinds.get(kind, _NONE)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All entries; it costs much where there are many."""
        return tuple(map(self.entry, range(len(self))))

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Path → index of the last entry that has it, without whiteouts."""
        found = dict(zip(self.paths, range(len(self)), strict=True))
        for at in self.of_kind(IS_WHITEOUT):
            found.pop(self.paths[at], None)
        return found

    @cached_property
    def sorted_paths(self) -> list[str]:
        """The paths of ``index`` in their order, so that those below a directory stand together."""
        return sorted(self.index)

    def below(self, folder: str) -> list[str]:
        """The paths below a directory, without whiteouts; of all for the root."""
        paths = self.sorted_paths
        if not folder:
            return paths
        at = bisect_left(paths, f"{folder}/")
        return paths[at : bisect_left(paths, f"{folder}{_AFTER_SLASH}", at)]

    @cached_property
    def unpacked_bytes(self) -> int:
        """Content of its files."""
        return sum(self.sizes)


class ListingBuilder:
    """Collects the entries of a layer."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._types: list[str] = []
        self._numbers = [array("q") for _ in range(5)]
        self._links: dict[int, str] = {}
        self._heads: dict[int, bytes] = {}
        self._signs: dict[int, tuple[str, ...]] = {}
        self._kinds: dict[str, array[int]] = defaultdict(lambda: array("I"))

    def add(self, entry: Entry, runs_on: str = "") -> None:
        """Add one.

        Args:
            entry: The entry.
            runs_on: The architecture that it is a program for.
        """
        at = len(self._paths)
        self._paths.append(entry.path)
        self._types.append(entry.kind)
        for column, value in zip(self._numbers, entry[2:7], strict=True):
            column.append(value)
        if entry.link:
            self._links[at] = entry.link
        if entry.head:
            self._heads[at] = entry.head
        if entry.signs:
            self._signs[at] = entry.signs
        for kind in kinds_of(entry.path, entry.kind, entry.mode, entry.uid):
            self._kinds[kind].append(at)
        if runs_on:
            self._kinds[machine(runs_on)].append(at)

    def listing(self) -> Listing:
        """Return what was collected."""
        types = "".join(self._types)
        return Listing(
            self._paths,
            types,
            self._numbers[0],
            self._numbers[1],
            self._numbers[2],
            self._numbers[3],
            self._numbers[4],
            self._links,
            self._heads,
            self._signs,
            dict(self._kinds),
            _implied(self._paths),
        )


def _implied(paths: Sequence[str]) -> frozenset[str]:
    folders: set[str] = set()
    waiting = {path.rpartition("/")[0] for path in paths}
    while waiting:
        folders |= waiting
        waiting = {folder.rpartition("/")[0] for folder in waiting} - folders
    return frozenset(folders.difference(paths, ("",)))


def read_listing(
    pieces: Iterable[bytes],
    compressed_bytes: int,
    *,
    make_inflater: MakeInflater = inflater,
    unzstd: Unzstd | None = None,
    limits: Limits | None = None,
) -> Listing:
    """Read a layer as a registry stores it; what follows the archive's end is taken from ``pieces``, too.

    Raises:
        LayerError: It is damaged, hostile, or of a compression that cannot be read here.
    """
    limits = limits or Limits()
    source = iter(pieces)
    stream = ByteStream(decompressed(source, make_inflater, unzstd), limits.most_unpacked(compressed_bytes))
    found = ListingBuilder()
    of_lists = searched = 0
    for entry, head in tar_entries(stream, kept_bytes, limits):
        if head and is_searched(entry.path, entry.size):
            searched += len(head)
            if searched > limits.searched_bytes:
                why = f"its small files that are searched for secrets have more than {limits.searched_bytes} bytes"
                raise LayerLimitError(why)
        kept = _with_content(entry, head) if head else entry
        if kept.head and is_package_list(entry.path):
            of_lists += len(kept.head)
            kept = kept if of_lists <= limits.package_list_bytes else entry
        found.add(kept, architecture(head))
    for _ in source:
        # A digest is checked at the last byte.
        pass
    return found.listing()


def read_contents(
    pieces: Iterable[bytes],
    compressed_bytes: int,
    paths: frozenset[str],
    *,
    make_inflater: MakeInflater = inflater,
    unzstd: Unzstd | None = None,
    limits: Limits | None = None,
) -> dict[str, bytes]:
    """Read files of a layer, each up to a limit and all together; larger ones are left out.

    Raises:
        LayerError: See ``read_listing``.
    """
    limits = limits or Limits()
    source = iter(pieces)
    stream = ByteStream(decompressed(source, make_inflater, unzstd), limits.most_unpacked(compressed_bytes))
    found: dict[str, bytes] = {}
    left = limits.content_bytes

    def wanted(path: str, size: int) -> int:
        return size if path in paths and size <= left else 0

    for entry, head in tar_entries(stream, wanted, limits):
        if entry.path in paths and entry.kind == FILE and len(head) == entry.size:
            found[entry.path] = head
            left -= len(head)
    for _ in source:
        # A digest is checked at the last byte.
        pass
    return found


def _with_content(entry: Entry, head: bytes) -> Entry:
    signs = secret_signs(head.decode("utf-8", "replace")) if is_searched(entry.path, entry.size) else ()
    return entry._replace(head=kept_form(entry.path, head), signs=signs)
