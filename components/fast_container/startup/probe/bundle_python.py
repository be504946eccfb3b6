"""Copies this Python to a folder from which it runs in any image of the same processor, also in one without a libc.

Decides what such a Python needs: its program, the libraries that it has loaded, their loader, and the standard library
without its tests. Run as ``bundle_python.py FOLDER``; it is started as ``FOLDER/loader --library-path FOLDER/libraries
FOLDER/bin/python3``.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from importlib import import_module
from pathlib import Path

_LEFT_OUT = ("test", "tests", "idlelib", "ensurepip", "site-packages", "dist-packages", "__pycache__", "config-*")


def main(folder: Path) -> None:
    """Copy it."""
    for module in ("grp", "http.server", "json", "pwd", "subprocess"):
        import_module(module)  # so that the libraries of what the probe imports are loaded
    (folder / "bin").mkdir(parents=True)
    (folder / "libraries").mkdir()
    shutil.copy(Path(sys.executable).resolve(), folder / "bin" / "python3")
    for path in map(Path, sorted(_mapped_libraries())):
        # A program asks for a library by a name that is a link to it.
        for name in {place.name for place in path.parent.iterdir() if place.resolve() == path}:
            shutil.copy(path, folder / "libraries" / name)
            if name.startswith("ld-"):
                shutil.copy(path, folder / "loader")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    ignored = shutil.ignore_patterns(*_LEFT_OUT)
    standard = sysconfig.get_path("stdlib")
    shutil.copytree(standard, folder / "lib" / version, ignore=ignored, ignore_dangling_symlinks=True)


def _mapped_libraries() -> set[str]:
    paths = {line.split()[-1] for line in Path("/proc/self/maps").read_text("utf-8").splitlines()}
    return {path for path in paths if path.startswith("/") and ".so" in path and "lib-dynload" not in path}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
