"""Removes what no function runs from a folder of packages: tests, sources for compilers, an unused service."""

import shutil
import sys
from pathlib import Path

FOLDERS = ("**/tests", "bin", "numpy/_core/include", "numpy/f2py", "pyarrow/include", "pyarrow/includes", "pyarrow/src")
FILES = ("**/*.pyx", "**/*.pxd", "**/*.pxi", "**/*.pyi", "**/*.a", "pyarrow/*cpp_test*")
# Arrow's network service; nothing that pandas imports is linked with it.
SERVICES = ("pyarrow/*flight*",)


def size_of(root: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir())


def prune(root: Path) -> None:
    """See the module."""
    for pattern in FOLDERS:
        for folder in list(root.glob(pattern)):
            shutil.rmtree(folder, ignore_errors=True)
    for pattern in (*FILES, *SERVICES):
        for file in list(root.glob(pattern)):
            if file.is_file():
                file.unlink()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    before = size_of(folder)
    prune(folder)
    print(f"{before / 1e6:.0f} MB before, {size_of(folder) / 1e6:.0f} MB after")
