"""A fresh clone: the same files at the same place, each written anew.

Decides that a clone keeps the modes and has new dates, as a checkout of a runner in CI has, and that its path stays: a
side is not to be blamed for another path.
"""

from __future__ import annotations

import shutil
from pathlib import Path


def clone_in_place(root: Path) -> None:
    """Replace the folder by a fresh copy of itself."""
    copy = root.with_name(f"{root.name}-clone")
    shutil.copytree(root, copy, symlinks=True, copy_function=shutil.copy)
    shutil.rmtree(root)
    copy.rename(root)
