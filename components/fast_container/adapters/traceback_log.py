"""Turns an unexpected exception into one message for the user, with the traceback in a file.

Decides what such a message says: what the system refused and where, with the step that helps, or that it is a fault of
this library, with the file to send. Leaves whose message it is to the composition roots.
"""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Final

from fast_container.core.cache_folder import make_private
from fast_container.errors import FastContainerError, LocalSystemError, UnexpectedError

_ELSEWHERE: Final = "choose another place: TMPDIR for temporary files, FAST_CONTAINER_CACHE for logs."
_STEPS: Final = {
    errno.ENOSPC: f"Make room there, or {_ELSEWHERE}",
    errno.EDQUOT: f"Make room there, or {_ELSEWHERE}",
    errno.EROFS: f"Nothing can be written there: {_ELSEWHERE}",
    errno.EACCES: f"Give the user that runs access to it, or {_ELSEWHERE}",
    errno.EPERM: f"Give the user that runs access to it, or {_ELSEWHERE}",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`), or build fewer images at once.",
    errno.ENFILE: "Raise the system's limit of open files, or build fewer images at once.",
    errno.ENOMEM: "Give the process more memory, or build fewer images at once.",
}
_OURS: Final = "This is a fault of fast-container. Please report it"
_OTHERWISE: Final = "Check that TMPDIR and FAST_CONTAINER_CACHE name places that can be written to."


def system_error(error: OSError, what: str) -> LocalSystemError:
    """Make the error for something that this machine refused.

    Args:
        error: The system's error.
        what: The sentence that says what could not be done.
    """
    place = error.filename if isinstance(error.filename, str) else ""
    return LocalSystemError(
        what,
        where=place,
        why=error.strerror or str(error),
        next_step=_STEPS.get(error.errno or 0, _OTHERWISE),
    )


def explained(error: Exception, what: str, folder: Path, *, fault: str = _OURS) -> FastContainerError:
    """Turn an exception into an error that a user can act on.

    Args:
        error: Any exception; one of ours is returned as it is.
        what: The sentence that says what could not be done.
        folder: Where the traceback is written, if that works.
        fault: Whose fault it is, and what to do.
    """
    if isinstance(error, FastContainerError):
        return error
    path = _write(error, folder)
    if isinstance(error, OSError) and error.errno is not None:
        return system_error(error, what)
    return UnexpectedError(
        what,
        why=": ".join(text for text in (type(error).__name__, str(error)) if text),
        next_step=fault
        + (f", with the traceback in {path}" if path else " (its traceback could not be written to a file)"),
    )


def _write(error: Exception, folder: Path) -> str:
    text = "".join(traceback.format_exception(error))
    with suppress(OSError):
        make_private(folder)
        descriptor, path = tempfile.mkstemp(".log", "traceback-", folder)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return path
    return ""
