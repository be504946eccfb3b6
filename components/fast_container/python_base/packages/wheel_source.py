"""The files of a local package that a build of its wheel can see.

Decides which files of a package's directory count, as ignore patterns below the root of all packages, so that the
ordinary selection of a build context does the rest. Everything counts except:

- caches, virtual environments, folders of version control and editors, wherever they are;
- ``tests``, ``docs``, ``examples``, ``benchmarks`` and build outputs directly in the package's directory, unless the
  package's name, its ``pyproject.toml`` (the tables that a build backend reads), ``setup.py``, ``setup.cfg`` or
  ``MANIFEST.in`` names them. If ``pyproject.toml`` names a file inside of one, that file alone counts.

In doubt a file counts: a build too many is better than a missing one. Leaves selecting to ``core.ignore.rules``.
Source for the second list: setuptools' ``FlatLayoutPackageFinder.DEFAULT_EXCLUDE``, of which it is a part.
"""

# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from fast_container.errors import ArgsError
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.requirements.requirement import normalise_name

ANYWHERE: Final = (
    *("__pycache__", "*.pyc", "*.pyo", "*.egg-info", ".git", ".hg", ".venv", "venv", ".tox", ".nox", "node_modules"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".coverage", ".coverage.*", ".DS_Store", ".idea"),
    *(".vscode", ".ipynb_checkpoints", "*.swp"),
)
"""Left out at any depth."""

AT_THE_TOP: Final = ("benchmarks", "build", "dist", "doc", "docs", "examples", "htmlcov", "test", "tests")
"""Left out directly in a package's directory, unless something names them."""

_NOT_OF_THE_BUILD: Final = frozenset(
    {"basedpyright", "black", "coverage", "isort", "mypy", "pylint", "pyright", "pytest", "ruff", "tox", "towncrier"}
)
_PATHS_AS_KEYS: Final = frozenset({"data-files", "force-include", "package-data", "package-dir"})
_OTHER_FILES: Final = ("MANIFEST.in", "setup.cfg", "setup.py")
_UNSAFE: Final = re.compile(r"[*?\[\]\\$\"'\r\n]")


def wheel_source(packages: Sequence[LocalPackage], *, root: str) -> tuple[str, ...]:
    """Return ignore patterns that leave exactly the packages' wheel sources of a context at the root.

    Args:
        packages: The packages.
        root: Absolute path that their paths are relative to.

    Raises:
        ArgsError: A package is outside of the root, or its path cannot be written in a Dockerfile.
    """
    patterns = [] if any(found.path == "." for found in packages) else ["*"]
    ordered = sorted(packages, key=lambda found: found.path)
    for package in ordered:
        _refuse_path(package)
        patterns += [f"!{package.path}"] if package.path != "." else []
    patterns += [f"**/{name}" for name in ANYWHERE]
    for package in ordered:
        prefix = "" if package.path == "." else f"{package.path}/"
        left_out, kept = _of_the_top(package, root)
        patterns += [f"{prefix}{name}" for name in left_out]
        patterns += [f"!{prefix}{path}" for path in kept]
    return tuple(patterns)


def is_copyable(path: str) -> bool:
    """Whether a path can be written in a Dockerfile and as an ignore pattern."""
    return not _UNSAFE.search(path) and path[:1] not in ("!", "#", "-")


def _refuse_path(package: LocalPackage) -> None:
    outside = package.path.startswith(("../", "/")) or package.path == ".."
    if not outside and is_copyable(package.path):
        return
    raise ArgsError(
        f"The package {package.name} is outside of the root."
        if outside
        else f"The directory of {package.name} has a name that a Dockerfile cannot copy.",
        property_path="packages",
        why=package.path,
        next_step="Give a root that holds all packages." if outside else "Rename the directory.",
    )


def _of_the_top(package: LocalPackage, root: str) -> tuple[list[str], list[str]]:
    """Return names that are left out, and paths inside of them that count nevertheless."""
    own = {normalise_name(package.name), normalise_name(package.name).replace("-", "_")}
    named = {_relative(text) for text in _named(package.document.values)}
    other = _other_files(package, root)
    left_out: list[str] = []
    kept: list[str] = []
    for name in AT_THE_TOP:
        whole = any(
            path in (name, f"{name}.*") or path.startswith((f"{name}.", f"{name}/*", f"{name}*")) for path in named
        )
        if name in own or whole or re.search(rf"\b{name}\b", other):
            continue
        left_out.append(name)
        kept += sorted(path for path in named if path.startswith(f"{name}/"))
    return left_out, kept


def _relative(text: str) -> str:
    return os.path.normpath(text.strip().removeprefix("./")).replace(os.sep, "/") if text.strip() else ""


def _named(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the strings in the tables that a build backend may read."""
    project = cast("Mapping[str, Any]", document.get("project") or {})
    for key in ("readme", "license", "license-files"):
        yield from _texts(project.get(key))
    yield from _texts(document.get("build-system"))
    for tool, table in cast("Mapping[str, Any]", document.get("tool") or {}).items():
        if tool not in _NOT_OF_THE_BUILD:
            yield from _texts(table)


def _texts(value: object, keys: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in cast("Mapping[str, object]", value).items():
            if "exclude" in key:
                continue
            if keys:
                yield key
            yield from _texts(item, key in _PATHS_AS_KEYS)


def _other_files(package: LocalPackage, root: str) -> str:
    found: list[str] = []
    for name in _OTHER_FILES:
        try:
            with open(os.path.join(root, package.path, name), encoding="utf-8", errors="replace") as file:
                found.append(file.read())
        except OSError:
            continue
    return "\n".join(found)
