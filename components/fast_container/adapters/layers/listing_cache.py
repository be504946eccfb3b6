"""What earlier runs have read of layers: one file a layer in the user's cache folder, named by digest and size.

Decides what is believed: a file of the user's own that no other user may write to, of this version, with the SHA-256 of
its content at its start. Everything else is read anew from the registry; no flaw is an error. The folder is bounded:
the files that were used longest ago go first. Leaves the content to ``core.layers.listing``.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path
from typing import Final

from fast_container.core.cache_folder import is_ours, make_private
from fast_container.core.layers.listing import Listing
from fast_container.core.layers.listing_form import VERSION, decode, encode

_MAGIC: Final = f"fast-container layer listing {VERSION}\n".encode("ascii")
_SHA256_BYTES: Final = 32
_LARGEST_FILE: Final = 128 << 20
MOST_BYTES: Final = 256 << 20


class ListingCache:
    """The remembered listings.

    Args:
        folder: Where they lie; made when something is written.
        most_bytes: How large all of them may be together.
    """

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, name: str) -> Listing | None:
        """Return what is remembered of a layer; None for nothing that can be believed."""
        try:
            descriptor = os.open(self._place(name), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
            with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor
                found = os.fstat(descriptor)
                if not is_ours(found) or found.st_size > _LARGEST_FILE:
                    return None
                data = opened.read()
        except OSError:
            return None
        content = data[len(_MAGIC) + _SHA256_BYTES :]
        if data[: len(_MAGIC) + _SHA256_BYTES] != _MAGIC + hashlib.sha256(content).digest():
            return None
        with contextlib.suppress(OSError):
            os.utime(self._place(name))
        return decode(content)

    def put(self, name: str, listing: Listing) -> None:
        """Remember a layer; a folder that cannot be written to is not an error."""
        content = encode(listing)
        data = _MAGIC + hashlib.sha256(content).digest() + content
        if len(data) > min(_LARGEST_FILE, self._most_bytes):
            return
        place = self._place(name)
        mine = place.with_name(f"{place.name}.{os.getpid()}.{threading.get_ident()}")
        with contextlib.suppress(OSError):
            make_private(self._folder)
            try:
                with open(mine, "xb", opener=_open_private) as opened:
                    opened.write(data)
                mine.replace(place)
            except OSError:
                mine.unlink(missing_ok=True)
                raise
            self._bound()

    def _place(self, name: str) -> Path:
        return self._folder / name.replace(":", "-")

    def _bound(self) -> None:
        """Remove what was used longest ago."""
        files = sorted(((entry.stat(), entry.path) for entry in os.scandir(self._folder)), key=_by_use)
        total = sum(found.st_size for found, _ in files)
        for found, path in files:
            if total <= self._most_bytes:
                return
            Path(path).unlink(missing_ok=True)
            total -= found.st_size


def _by_use(file: tuple[os.stat_result, str]) -> int:
    return file[0].st_mtime_ns


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
