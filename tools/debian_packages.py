"""Downloads Debian packages and unpacks them into a folder, without installing them and without root.

Decides that apt's lists are brought up to date once if a package cannot be had at first. Leaves which packages, and
what is done with them, to the caller.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.go_build import ToolsError

# Without apt's sandbox user, which may not read the cache of this user.
_APT = ("apt-get", "-o", "APT::Sandbox::User=root")


def has_apt() -> bool:
    """Whether packages of Debian can be had on this machine."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def missing_packages(names: Sequence[str], folder: Path) -> list[str]:
    """Return those packages, and what they need, that are not installed; nothing is changed.

    Raises:
        ToolsError: apt does not know one of them.
    """
    simulate = ["apt-get", "install", "--simulate", "--no-install-recommends", *names]
    tried = _after_update(simulate, folder)
    if tried.returncode != 0:
        raise ToolsError(f"apt-get cannot install {' '.join(names)}: {last_lines(tried.stderr)}")
    return [line.split()[1] for line in tried.stdout.splitlines() if line.startswith("Inst ")]


def unpack_packages(names: Sequence[str], folder: Path) -> Path:
    """Download the packages, unpack all of them below ``folder`` and return where.

    Raises:
        ToolsError: A package cannot be downloaded or unpacked.
    """
    tried = _after_update([*_APT, "download", *names], folder)
    packages = sorted(folder.glob("*.deb"))
    if tried.returncode != 0 or len(packages) < len(names):
        raise ToolsError(f"apt-get cannot download it: {last_lines(tried.stderr)}")
    unpacked = folder / "unpacked"
    for package in packages:
        tried = run(["dpkg-deb", "-x", str(package), str(unpacked)], folder)
        if tried.returncode != 0:
            raise ToolsError(f"dpkg-deb cannot unpack {package.name}: {last_lines(tried.stderr)}")
    return unpacked


def _after_update(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    tried = run(command, folder)
    if tried.returncode != 0:
        run(["apt-get", "update"], folder)
        tried = run(command, folder)
    return tried


def last_lines(text: str) -> str:
    """The end of what a program said."""
    return " ".join(text.strip().splitlines()[-2:])


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
