"""Local packages below a root that were not given, found by the names that an index would be asked for.

Decides which directories are searched and how a directory names its package (``pyproject.toml``, ``setup.cfg``,
``setup.py``). Reads a file only if one of the names is in it. Leaves the consequences to ``python_base.package_set``.
"""

# ruff: noqa: PTH118, PTH123 - paths are strings that stay relative to the root

from __future__ import annotations

import ast
import configparser
import os
import re
from collections.abc import Collection, Iterator
from typing import Final

from fast_container.errors import ContextError
from fast_container.python_base.requirements.requirement import normalise_name
from fast_container.python_base.toml_table import read_toml

_NOT_OURS: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_FILES: Final = ("pyproject.toml", "setup.cfg", "setup.py")
_LARGEST_BYTES: Final = 1 << 20
_NAME: Final = re.compile(rb"""\bname["']?\s*[=:]\s*["']{0,3}([A-Za-z0-9][A-Za-z0-9._-]*)""")


def find_local_packages(root: str, names: Collection[str]) -> dict[str, str]:
    """Return normalised name → directory relative to the root, for the names that are local packages.

    Args:
        root: Absolute path.
        names: Normalised.
    """
    found: dict[str, str] = {}
    if not names:
        return found
    for path, files in _directories(root):
        for file in files:
            name = _named(root, os.path.join(path, file), names)
            if name:
                found.setdefault(name, path or ".")
    return found


def _directories(root: str) -> Iterator[tuple[str, list[str]]]:
    """Yield directories with a file that may name a package, the lower ones after the higher ones."""
    waiting = [""]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(os.path.join(root, path)) as opened:
                entries = sorted(opened, key=lambda entry: entry.name)
        except OSError:
            continue
        names = {entry.name for entry in entries}
        # Another project's environment, whatever its name.
        if "pyvenv.cfg" in names:
            continue
        files = [name for name in _FILES if name in names]
        if files:
            yield path, files
        waiting += [
            os.path.join(path, entry.name)
            for entry in reversed(entries)
            if not entry.name.startswith(".")
            and entry.name not in _NOT_OURS
            and not entry.name.endswith((".egg-info", ".dist-info"))
            and entry.is_dir(follow_symlinks=False)
        ]


def _named(root: str, file: str, names: Collection[str]) -> str:
    """Return the one of the names that a file gives its package; "" if it gives none of them."""
    try:
        if os.path.getsize(os.path.join(root, file)) > _LARGEST_BYTES:  # noqa: PTH202
            return ""
        with open(os.path.join(root, file), "rb") as opened:
            content = opened.read()
    except OSError:
        return ""
    candidates = {normalise_name(name.decode()) for name in _NAME.findall(content)} & set(names)
    if not candidates:
        return ""
    name = normalise_name(_declared(root, file, content))
    return name if name in candidates else ""


def _declared(root: str, file: str, content: bytes) -> str:
    """Return the package's name; "" if the file cannot be read."""
    try:
        if file.endswith(".toml"):
            document = read_toml(root, file)
            return document.table("project").text("name") or document.table("tool", "poetry").text("name")
        if file.endswith(".cfg"):
            parser = configparser.RawConfigParser()
            parser.read_string(content.decode())
            return parser.get("metadata", "name", fallback="")
        return _called_with(ast.parse(content))
    # Files of tests and templates need not describe a package.
    except (ContextError, configparser.Error, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def _called_with(module: ast.Module) -> str:
    """Return the constant ``name=`` of a call of ``setup``."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for keyword in node.keywords if called == "setup" else ():
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return ""
