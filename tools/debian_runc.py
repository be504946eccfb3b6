"""Gets ``runc`` from Debian's package without installing it.

BuildKit runs build steps with it. A ``runc`` on PATH is used instead if there is one (``path_tools``).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

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
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise ToolsError(f"runc is not on PATH, and there is no apt-get to get it with.\n  next: {_INSTALL}")
    built.mkdir(parents=True, exist_ok=True)
    with (
        still(say, "getting runc from Debian's package"),
        tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=built) as work,
    ):
        folder = Path(work)
        # Without apt's sandbox user, which may not read the cache of this user.
        download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", "runc"]
        tried = _run(download, folder)
        if tried.returncode != 0:
            _run(["apt-get", "update"], folder)
            tried = _run(download, folder)
        packages = list(folder.glob("runc_*.deb"))
        if tried.returncode != 0 or not packages:
            raise ToolsError(
                f"runc is not on PATH, and apt-get cannot download it: {_last(tried.stderr)}\n  next: {_INSTALL}"
            )
        unpacked = folder / "unpacked"
        tried = _run(["dpkg-deb", "-x", str(packages[0]), str(unpacked)], folder)
        if tried.returncode != 0:
            raise ToolsError(f"dpkg-deb cannot unpack {packages[0].name}: {_last(tried.stderr)}\n  next: {_INSTALL}")
        found = unpacked / "usr" / "sbin" / "runc"
        works = found.is_file() and _run([str(found), "--version"], folder).returncode == 0
        if not works:
            raise ToolsError(f"the runc of {packages[0].name} does not start.\n  next: {_INSTALL}")
        complete = folder / "complete"
        complete.mkdir()
        found.rename(complete / "runc")
        shutil.rmtree(folder_of_runc(built), ignore_errors=True)
        complete.rename(folder_of_runc(built))


def _last(text: str) -> str:
    return " ".join(text.strip().splitlines()[-2:])


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
