"""The records of the last runs, in the user's cache: one file a run, one line a record.

Decides the place, the bounds, and that a record is never worth a failure: a full disk, a folder of another user, a
damaged line cost that record and nothing else. A run's lines are appended with one write each, so two processes of one
run do not mix theirs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fast_container.core.cache_folder import is_ours, make_private
from fast_container.core.records.record import BuildRecord

FOLDER: Final = "records"
RUNS_KEPT: Final = 1_000
BYTES_KEPT: Final = 200_000_000
_NAME: Final = re.compile(r"(\d{13})-[0-9a-f]{8,32}\.jsonl", re.ASCII)
_LONGEST_FILE: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class ReadRecords:
    """What was read.

    Attributes:
        records: From the oldest run to the newest.
        damaged: Lines that could not be read.
    """

    records: tuple[BuildRecord, ...]
    damaged: int = 0


class LocalRecords:
    """The records in one folder.

    Args:
        cache: The user's cache folder; the records have a folder of their own in it.
        runs_kept: At most so many runs stay.
        bytes_kept: At most so many bytes stay.
    """

    def __init__(self, cache: Path, *, runs_kept: int = RUNS_KEPT, bytes_kept: int = BYTES_KEPT) -> None:
        self.folder = cache / FOLDER
        self._runs_kept = runs_kept
        self._bytes_kept = bytes_kept

    def append(self, run: str, started: float, records: Iterable[BuildRecord]) -> None:
        """Add records to those of a run.

        Args:
            run: The run's id, hexadecimal.
            started: When it began, in seconds since the epoch.
            records: Its records.

        Raises:
            OSError: They could not be kept.
        """
        lines = "".join(record.to_json() + "\n" for record in records).encode("utf-8", "backslashreplace")
        if not lines:
            return
        make_private(self.folder)
        path = self.folder / f"{round(started * 1000):013d}-{run}.jsonl"
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, lines)
        finally:
            os.close(descriptor)
        if is_new:
            self._remove_old()

    def read(self, *, last: int | None = None, since: float = 0.0) -> ReadRecords:
        """Read the records of the last runs.

        Args:
            last: At most so many runs, the newest ones; all by default.
            since: Only runs that began after that, in seconds since the epoch.
        """
        paths = [path for started, path in self._runs() if started >= since]
        found: list[BuildRecord] = []
        damaged = 0
        for path in paths if last is None else paths[max(len(paths) - last, 0) :]:
            for line in _lines(path):
                try:
                    found.append(BuildRecord.from_json(line))
                except ValueError:
                    damaged += 1
        return ReadRecords(tuple(found), damaged)

    def builds_of(self, name: str, repository_url: str, *, last: int) -> tuple[BuildRecord, ...]:
        """Read the builds of one image in the last runs, the oldest first; what cannot be read is left out."""
        mark, url = (json.dumps(text).encode() for text in (name, repository_url))
        found: list[BuildRecord] = []
        for _, path in self._runs()[-last:]:
            # Of a run's many images one is asked for.
            for line in _lines(path, holding=mark):
                if b'"built"' in line and mark in line and url in line:
                    with suppress(ValueError):
                        found.append(BuildRecord.from_json(line))
        return tuple(
            one for one in found if (one.name, one.repository_url, one.outcome) == (name, repository_url, "built")
        )

    def _runs(self) -> list[tuple[float, Path]]:
        """When each run began, and its file; the oldest first."""
        try:
            names = [path.name for path in self.folder.iterdir()]
        except OSError:
            return []
        matches = sorted((match[1], name) for name in names if (match := _NAME.fullmatch(name)))
        return [(int(started) / 1000, self.folder / name) for started, name in matches]

    def _remove_old(self) -> None:
        left_bytes = self._bytes_kept
        for number, (_, path) in enumerate(reversed(self._runs())):
            with suppress(OSError):
                left_bytes -= path.stat().st_size
                if number >= self._runs_kept or left_bytes < 0:
                    path.unlink()


def _lines(path: Path, holding: bytes = b"") -> list[bytes]:
    """The lines of a file of ours that holds something; none of a file that another user may have written."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if is_ours(os.fstat(file.fileno())):
                content = file.read(_LONGEST_FILE)
                return content.splitlines() if holding in content else []
    return []
