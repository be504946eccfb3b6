"""Records that are not beside their images yet, on this machine, until a later run puts them there.

Decides how many are kept and how long; a record that is lost here is lost, and nothing else is. Leaves putting them
to ``adapters.records.shared_records``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fast_container.core.cache_folder import is_ours, make_private
from fast_container.core.json_document import as_string_mapping, parse_object
from fast_container.core.records.record import BuildRecord

FOLDER: Final = "records-to-share"
KEPT: Final = 1_000
BYTES_KEPT: Final = 100_000_000
DAYS_KEPT: Final = 30
_NAME: Final = re.compile(r"\d{13}-[0-9a-f]{16}", re.ASCII)
_LARGEST: Final = 64_000_000
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record that waits: its file, and what is to be put, with the annotations."""

    path: Path
    record: BuildRecord
    inputs: bytes | None
    told: Mapping[str, str]


class Outbox:
    """The waiting records of one user.

    Args:
        cache: The user's cache folder.
        kept: At most so many stay.
        bytes_kept: At most so many bytes stay.
    """

    def __init__(self, cache: Path, *, kept: int = KEPT, bytes_kept: int = BYTES_KEPT) -> None:
        self.folder = cache / FOLDER
        self._kept = kept
        self._bytes_kept = bytes_kept

    def put(self, record: BuildRecord, inputs: bytes | None, told: Mapping[str, str]) -> Path:
        """Keep a record, with the inputs manifest of its key and its annotations; return its file.

        Raises:
            OSError: It cannot be kept.
        """
        make_private(self.folder)
        path = self.folder / f"{round(time.time() * 1000):013d}-{secrets.token_hex(8)}"
        beside = path.with_suffix(".part")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            head = f"{record.to_json()}\n{json.dumps(dict(told), sort_keys=True)}\n"
            file.write(head.encode("utf-8", "backslashreplace") + (inputs or b""))
        beside.rename(path)
        return path

    def of(self, repository_url: str) -> Iterator[KeptRecord]:
        """Return the records of a repository, the oldest first; what is damaged or too old is removed."""
        oldest_ms = (time.time() - DAYS_KEPT * _DAY_S) * 1000
        for path in self._paths():
            content = _content(path)
            first, _, rest = content.partition(b"\n")
            second, _, inputs = rest.partition(b"\n")
            try:
                record, told = BuildRecord.from_json(first), as_string_mapping(parse_object(second))
            except ValueError:
                record, told = None, dict[str, str]()
            if record is None or int(path.name[:13]) < oldest_ms:
                self.remove(path)
            elif record.repository_url == repository_url:
                yield KeptRecord(path, record, inputs or None, told)

    def remove(self, path: Path) -> None:
        """Remove a record that waits no longer."""
        with suppress(OSError):
            path.unlink()

    def tidy(self) -> None:
        """Remove the oldest ones where there are too many."""
        left_bytes = self._bytes_kept
        for number, path in enumerate(reversed(self._paths())):
            with suppress(OSError):
                left_bytes -= path.stat().st_size
            if number >= self._kept or left_bytes < 0:
                self.remove(path)

    def _paths(self) -> list[Path]:
        try:
            names = [path.name for path in self.folder.iterdir()]
        except OSError:
            return []
        return [self.folder / name for name in sorted(names) if _NAME.fullmatch(name)]


def _content(path: Path) -> bytes:
    """The content of a file of ours; nothing of a file that another user may have written."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if is_ours(os.fstat(file.fileno())):
                return file.read(_LARGEST)
    return b""
