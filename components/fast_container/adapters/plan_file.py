"""The plan file in a program's folder.

Decides that it is replaced whole, only where it differs, that a folder which cannot be written is not an error, and
when it is written: a program that awaits each image in turn knows all of them again and again. It is written when there
are twice as many as before, and at the program's end, so that it costs an image the same however many there are. Leaves
its content to ``core.program_file``.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from fast_container.core.program_file import FILE_NAME, PlannedEntry, write_plan_file


def put_plan_file(folder: Path, text: str) -> None:
    """Write the plan file; blocking."""
    content = text.encode()
    with contextlib.suppress(OSError):
        plan = folder / FILE_NAME
        if not plan.is_file() or plan.read_bytes() != content:
            partial = plan.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(plan)


class PlanFileWriter:
    """The plan file of one program; safe for threads.

    Args:
        folder: The program's.
        put: Writes the file's text into it.
    """

    def __init__(self, folder: Path, put: Callable[[Path, str], None] = put_plan_file) -> None:
        self._folder = folder
        self._put = put
        self._entries: list[PlannedEntry] = []
        self._unknown: list[str] = []
        self._begun = self._written = 0
        self.is_left = False
        """Whether an image was refused."""
        self._lock = threading.Lock()

    def add(self, name: str, entry: PlannedEntry | None, *, failed: bool = False) -> None:
        """Add an image.

        Args:
            name: The image's.
            entry: None if its key is unknown in this preview.
            failed: Whether it was refused: then the file stays as it is, rather than lose an image.
        """
        self.is_left = self.is_left or failed
        if entry is not None:
            self._entries.append(entry)
        else:
            self._unknown.append(name)

    def begins(self) -> bool:
        """Whether to write now, rather than at the end; the caller then does."""
        count = self._count()
        is_due = count >= 2 * self._begun
        if is_due:
            self._begun = count
        return is_due

    def write(self) -> None:
        """Write all images that are known by now, unless that was done; blocking."""
        with self._lock:
            count = self._count()
            if self.is_left or count == self._written:
                return
            self._put(self._folder, write_plan_file(self._entries, str(self._folder), unknown=self._unknown))
            self._written = count

    def _count(self) -> int:
        return len(self._entries) + len(self._unknown)
