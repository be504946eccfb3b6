"""Gets ``runc`` from Debian's package without installing it.

BuildKit runs build steps with it. A ``runc`` on PATH is used instead if there is one (``path_tools``).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tools.debian_packages import has_apt, run, unpack_packages
from tools.go_build import WORK_PREFIX, ToolsError
from tools.locking import Say
from tools.progress import still

_INSTALL = "install runc with the system's package manager, then run the same command again."


def folder_of_runc(built: Path) -> Path:
    """Return the folder of our ``runc``; it exists only when it is complete."""
    return built / "runc-debian"


def get_runc(built: Path, say: Say) -> None:
    """Download and unpack the package below ``built``. The caller holds the lock of ``built``.

    Raises:
        ToolsError: This is not Debian, or its package mirror does not answer.
    """
    if not has_apt():
        raise ToolsError(f"runc is not on PATH, and there is no apt-get to get it with.\n  next: {_INSTALL}")
    built.mkdir(parents=True, exist_ok=True)
    with (
        still(say, "getting runc from Debian's package"),
        tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=built) as work,
    ):
        folder = Path(work)
        try:
            unpacked = unpack_packages(["runc"], folder)
        except ToolsError as error:
            raise ToolsError(f"runc is not on PATH, and {error}\n  next: {_INSTALL}") from None
        found = unpacked / "usr" / "sbin" / "runc"
        if not found.is_file() or run([str(found), "--version"], folder).returncode != 0:
            raise ToolsError(f"the runc of Debian's package does not start.\n  next: {_INSTALL}")
        complete = folder / "complete"
        complete.mkdir()
        found.rename(complete / "runc")
        shutil.rmtree(folder_of_runc(built), ignore_errors=True)
        complete.rename(folder_of_runc(built))
