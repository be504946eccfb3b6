"""Bytecode of all Python modules of a stand-in image.

Official images have none. A test that is not about that had better not pay for it: what installs or compiles in such
an image compiles pip and the library first, which is most of what it costs.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

_PATH = "/usr/sbin:/usr/bin"


def compile_modules(root: Path, python: str) -> None:
    """Compile what is below ``root``, by the image's own Python: the host's architecture only."""
    folders = (f"/usr/lib/python{python}", f"/usr/local/lib/python{python}", "/var/runtime")
    present = [folder for folder in folders if (root / folder.removeprefix("/")).is_dir()]
    command = ["chroot", root, "/usr/bin/python3", "-I", "-m", "compileall", "-q"]
    subprocess.run([*command, "--invalidation-mode", "unchecked-hash", *present], check=True, env={"PATH": _PATH})
