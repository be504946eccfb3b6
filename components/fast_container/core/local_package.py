"""One local Python package: what its ``pyproject.toml`` declares.

Decides which tables count (``[project]``, ``[dependency-groups]``, setuptools' dynamic files, ``tool.uv.sources``) and
what a declared extra or group holds. Never looks at the package's source. Leaves requirements to
``core.requirements``, and which packages, extras and groups are wanted to ``core.declared_dependencies``.
Sources: PEP 621, PEP 735; uv's and setuptools' documentation.
"""

# ruff: noqa: PTH113, PTH118, PTH123 - paths are texts that keep what they are relative to

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fast_container.core.requirements import Requirement, normalise_name, parse_requirement
from fast_container.core.requirements_file import read_requirements_file
from fast_container.errors import ContextError

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LocalPackage:
    """A directory with a ``pyproject.toml``.

    Attributes:
        name: Normalised.
        path: The directory relative to the root, ``/``-separated.
        requires_python: As written, or "".
        dependencies: Those of ``[project]``.
        extras: Normalised name → requirements.
        groups: Normalised name → requirements, included groups resolved.
        sources: Normalised name → an entry of ``tool.uv.sources``.
        document: The whole ``pyproject.toml``.
    """

    name: str
    path: str
    requires_python: str
    dependencies: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    groups: Mapping[str, tuple[Requirement, ...]]
    sources: Mapping[str, Table] = field(default_factory=dict[str, Table])
    document: Table = field(default_factory=dict[str, Any], repr=False, compare=False)

    @property
    def file(self) -> str:
        """Its ``pyproject.toml``, for messages."""
        return _join(self.path, "pyproject.toml")


def read_package(root: str, path: str) -> LocalPackage:
    """Read a package's declarations.

    Args:
        root: Absolute path of the directory that holds all packages.
        path: The package's directory, relative to it.

    Raises:
        ContextError: There is no ``pyproject.toml`` with a ``[project]`` table, or it cannot be read.
    """
    path = os.path.normpath(path).replace(os.sep, "/")
    file = _join(path, "pyproject.toml")
    document = read_toml(root, file)
    project = _table(document, "project")
    if not project or not isinstance(project.get("name"), str):
        raise ContextError(
            "A local package declares no name",
            path=file,
            why=_why_no_project(document),
            next_step="declare name and dependencies in [project], or give its requirements file by requirements=",
        )
    dynamic = cast("list[Any]", project.get("dynamic") or [])
    reader = _Reader(root, path, file)
    return LocalPackage(
        name=normalise_name(str(project["name"])),
        path=path,
        requires_python=str(project.get("requires-python") or ""),
        dependencies=reader.dependencies(document, project, "dependencies" in dynamic),
        extras=reader.extras(document, project, "optional-dependencies" in dynamic),
        groups=reader.groups(_table(document, "dependency-groups")),
        sources=uv_sources(document),
        document=document,
    )


def read_toml(root: str, file: str) -> Table:
    """A TOML file below the root.

    Raises:
        ContextError: It is not there or is no TOML.
    """
    try:
        with open(os.path.join(root, file), "rb") as opened:
            return tomllib.load(opened)
    except OSError as error:
        setup = file.endswith("pyproject.toml") and os.path.isfile(
            os.path.join(root, file[: -len("pyproject.toml")], "setup.py")
        )
        raise ContextError(
            "A file that declares dependencies cannot be read",
            path=file,
            why="what setup.py declares is known only by running it" if setup else error.strerror or str(error),
            next_step="give the directory of a package with a pyproject.toml, relative to the root",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContextError("A file that declares dependencies is no TOML", path=file, why=str(error)) from None


def uv_sources(document: Table) -> dict[str, Table]:
    """``tool.uv.sources`` by normalised name; an entry that is a list (by marker) is left as ``{"list": …}``."""
    found = _table(_table(_table(document, "tool"), "uv"), "sources")
    return {
        normalise_name(name): cast("Table", source) if isinstance(source, dict) else {"list": source}
        for name, source in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Reader:
    root: str
    path: str
    file: str

    def dependencies(self, document: Table, project: Table, dynamic: bool) -> tuple[Requirement, ...]:
        if not dynamic:
            return self._listed(project.get("dependencies"), "project.dependencies")
        return self._from_files(_setuptools_dynamic(document).get("dependencies"), "dependencies")

    def extras(self, document: Table, project: Table, dynamic: bool) -> dict[str, tuple[Requirement, ...]]:
        if not dynamic:
            listed = _table(project, "optional-dependencies")
            return {
                normalise_name(name): self._listed(values, f"project.optional-dependencies.{name}")
                for name, values in listed.items()
            }
        files = _table(_setuptools_dynamic(document), "optional-dependencies")
        if not files:
            raise self._dynamic("optional-dependencies")
        return {normalise_name(name): self._from_files(value, name) for name, value in files.items()}

    def groups(self, declared: Table) -> dict[str, tuple[Requirement, ...]]:
        by_name = {normalise_name(name): values for name, values in declared.items()}
        return {name: self._group(by_name, name, ()) for name in by_name}

    def _group(self, groups: Table, name: str, above: tuple[str, ...]) -> tuple[Requirement, ...]:
        if name in above or name not in groups:
            raise ContextError(
                f"The dependency group {name!r} " + ("includes itself" if name in above else "is not declared"),
                path=self.file,
                why=" → ".join((*above, name)),
                next_step="correct include-group in [dependency-groups]",
            )
        found: list[Requirement] = []
        for item in cast("list[Any]", groups[name]):
            if isinstance(item, dict):
                inside = str(cast("Table", item).get("include-group", ""))
                found += self._group(groups, normalise_name(inside), (*above, name))
            else:
                found += self._listed([item], f"dependency-groups.{name}")
        return tuple(found)

    def _listed(self, values: object, table: str) -> tuple[Requirement, ...]:
        if values is None:
            return ()
        items = cast("list[object]", values) if isinstance(values, list) else [values]
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) != len(items) or not isinstance(values, list):
            raise ContextError(f"{table} is not a list of requirements", path=self.file)
        return tuple(parse_requirement(text, self.file) for text in texts)

    def _from_files(self, declared: object, what: str) -> tuple[Requirement, ...]:
        files: object = cast("Table", declared).get("file") if isinstance(declared, dict) else None
        if not files:
            raise self._dynamic(what)
        found: list[Requirement] = []
        for name in cast("list[str]", files) if isinstance(files, list) else [str(files)]:
            found += read_requirements_file(self.root, _join(self.path, name)).requirements
        return tuple(found)

    def _dynamic(self, what: str) -> ContextError:
        return ContextError(
            f"The {what} of a local package are dynamic",
            path=self.file,
            why="its build backend makes them up; only setuptools' {file = …} can be read without running it",
            next_step=f"declare {what} in [project]",
        )


def _setuptools_dynamic(document: Table) -> Table:
    return _table(_table(_table(document, "tool"), "setuptools"), "dynamic")


def _table(document: Table, name: str) -> Table:
    value = document.get(name)
    return cast("Table", value) if isinstance(value, dict) else {}


def _join(path: str, name: str) -> str:
    return name if path in ("", ".") else f"{path}/{name}"


def _why_no_project(document: Table) -> str:
    if "poetry" in _table(document, "tool"):
        return "there is no [project] table; the tables of Poetry 1 are not read"
    return "there is no [project] table with a name"
