"""The full log of one build, in a file that only its owner may read.

Decides that a build never fails because of its log: without a log, or after its disk is full, the build goes on.
Leaves what is written to ``adapters.buildx.progress``.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from fast_container.core.cache_folder import make_private

_KEPT_S: Final = 14 * 24 * 3600.0


class BuildLog:
    """A log that is being written.

    Args:
        folder: Where to; made when it is absent.
        stem: The begin of its name.

    Attributes:
        path: Where it lies; "" without a log.
        why: Why there is no log, or only a part; "" if all is well.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        self.path = ""
        self.why = ""
        self._file: IO[bytes] | None = None
        try:
            make_private(folder)
            descriptor, self.path = tempfile.mkstemp(".log", f"{stem}-", folder)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
        except OSError as error:
            self.why = _text(error)

    def __enter__(self) -> BuildLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def write(self, text: str) -> None:
        """Add text, at once."""
        if self._file is None:
            return
        try:
            left = memoryview(text.encode("utf-8", "backslashreplace"))
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self.why = _text(error)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None


def remove_old_logs(folder: Path) -> None:
    """Remove logs that are older than two weeks; one that cannot be removed stays."""
    with suppress(OSError):
        for log in folder.glob("*.log"):
            with suppress(OSError):
                if time.time() - log.stat().st_mtime > _KEPT_S:
                    log.unlink()


def _text(error: OSError) -> str:
    return ": ".join(text for text in (error.strerror or str(error), str(error.filename or "")) if text)
