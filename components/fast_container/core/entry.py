"""One entry of a build context, as it is hashed, staged and sent.

Decides which properties of a file count. Leaves reading them to ``core.select`` and writing them to
``core.staging.archive``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EntryType = Literal["file", "dir", "symlink"]

MODE_PLAIN = 0o644
MODE_EXECUTABLE = 0o755
MODE_DIRECTORY = 0o755
MODE_LINK = 0o777


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, directory or symbolic link below a context's root.

    Attributes:
        path: Relative to the root, ``/``-separated, without a leading or trailing slash. Bytes that are not UTF-8
            are kept as surrogate escapes.
        type: ``file``, ``dir`` or ``symlink``. Nothing else can be in an image's context.
        mode: 0o644 or 0o755 (git's view: only the owner's executable bit of a file counts); directories are 0o755,
            links 0o777.
        size: Bytes of content; length of the target for a link; 0 for a directory.
        digest: ``sha256:<hex>`` of the content, or of the link's target; "" for a directory.
        target: A link's target; "" for everything else.
    """

    path: str
    type: EntryType
    mode: int
    size: int
    digest: str
    target: str = ""

    @property
    def path_bytes(self) -> bytes:
        """The path as the file system's bytes."""
        return self.path.encode("utf-8", "surrogateescape")
