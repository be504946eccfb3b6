"""The files that a start read: which bytecode Python used, and how much of the image was touched.

Decides that bytecode counts as used when it was opened and its source was not compiled, and that a file is touched as a
whole. Leaves noting the files to ``startup.probe``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class FilesRead:
    """What one start read.

    Attributes:
        bytecode_hits: Modules whose bytecode was used.
        compiled: Sources that were compiled since they had no bytecode that Python would use.
        touched_files: Files that were opened or mapped.
        touched_bytes: Their sizes; whole files.
        mapped_bytes: The sizes of those that were mapped: programs and libraries.
        resident_bytes: What of these was in memory when it had started.
    """

    bytecode_hits: int
    compiled: tuple[str, ...]
    touched_files: int
    touched_bytes: int
    mapped_bytes: int
    resident_bytes: int


def read_files(fields: Mapping[str, Any]) -> FilesRead:
    """Read what the probe wrote down.

    Raises:
        KeyError: Something is missing.
    """
    opened = {str(path): int(size) for path, size in cast("Sequence[tuple[str, int]]", fields["opened"])}
    mapped = cast("Sequence[tuple[str, int, int]]", fields["mapped"])
    compiled = {str(path) for path in fields["compiled"] if str(path).endswith(".py")}
    used = [path for path in opened if path.endswith(".pyc") and source_of(path) not in compiled]
    touched = opened | {str(path): int(size) for path, size, _ in mapped}
    return FilesRead(
        len(used),
        tuple(sorted(compiled)),
        len(touched),
        sum(touched.values()),
        sum(int(size) for _, size, _ in mapped),
        # A file that is mapped in several places is in memory once.
        sum(min(int(size), int(resident)) for _, size, resident in mapped),
    )


def source_of(path: str) -> str:
    """Return the source that a file of bytecode belongs to."""
    folder, name = posixpath.split(path)
    above, last = posixpath.split(folder)
    if last != "__pycache__":
        return path.removesuffix("c")
    return posixpath.join(above, f"{name.partition('.')[0]}.py")
