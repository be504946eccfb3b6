"""A scratch clone of the example: what `git clone` would leave of the parts that `pulumi up` needs."""

from __future__ import annotations

import shutil
from pathlib import Path

PARTS = ("Pulumi.yaml", "lambdas", "stacks/lambda_fleet")


class DemoFailed(Exception):  # noqa: N818 - the name says it
    """A step did not do what it claims."""


class Checkout:
    """A folder with the example in it; files get new times, as in a clone.

    Args:
        folder: Where the clone is made; must not exist.
        source: The checkout that is cloned.
        venv: The environment that ``.venv`` stands for.
    """

    def __init__(self, folder: Path, source: Path, venv: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for part in PARTS:
            origin, target = source / part, folder / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if origin.is_dir():
                left_out = shutil.ignore_patterns("__pycache__", "Pulumi.*.yaml")
                shutil.copytree(origin, target, copy_function=shutil.copy, symlinks=True, ignore=left_out)
            else:
                shutil.copy(origin, target)
        (folder / ".venv").symlink_to(venv)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces a text that occurs once in a file."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise DemoFailed(f"{path} should hold {old!r} once")
        file.write_text(text.replace(old, new), encoding="utf-8")
