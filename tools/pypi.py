"""Puts one pinned wheel from PyPI into a folder of its own in the per-user cache.

Used for programs that must exist before the project's own environment: ``uv``, and a Go toolchain if none is installed.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.locking import Say
from tools.progress import still


class PackageError(Exception):
    """A wheel cannot be installed; the message says why and what to do next."""


def install_wheel(name: str, version: str, cache: Path, say: Say) -> Path:
    """Install ``name==version`` unless it is there already; return the folder with its files.

    Raises:
        PackageError: This Python has neither pip nor uv beside it, or the index does not answer.
    """
    home = cache / f"{name}-{version}"
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with (
        still(say, f"getting {name}=={version} from PyPI"),
        tempfile.TemporaryDirectory(prefix=".wheel-", dir=cache) as work,
    ):
        target = Path(work) / "files"
        said = ""
        for installer in _installers():
            command = [*installer, "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(target)]
            tried = subprocess.run(
                [*command, f"{name}=={version}"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if tried.returncode == 0:
                target.chmod(0o755)
                with contextlib.suppress(OSError):  # another run was first
                    target.rename(home)
                return home
            said = said or "\n".join(tried.stderr.strip().splitlines()[-5:])
    raise PackageError(
        f"{name}=={version} cannot be installed from PyPI:\n{said}\n"
        f"  next: check the network and the package index; {sys.executable} needs pip (or have uv on PATH)."
    )


def _installers() -> list[list[str]]:
    installers = [[sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]]
    uv = shutil.which("uv")
    if uv:
        installers.append([uv, "pip", "install"])
    return installers
