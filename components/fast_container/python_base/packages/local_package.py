"""One local Python package: the declarations in its ``pyproject.toml``.

Decides which tables count (``[project]``, ``[dependency-groups]``, setuptools' dynamic files) and the requirements of a
declared extra or group. Never looks at the package's source. Leaves requirements to
``python_base.requirements.requirement``, their sources to ``python_base.packages.project_settings``, and the selection
of packages, extras and groups to ``python_base.dependencies``. Sources: PEP 621, PEP 735; setuptools' documentation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.errors import ContextError
from fast_container.python_base.packages.project_settings import ProjectSettings, read_project_settings
from fast_container.python_base.requirements.requirement import Requirement, is_name, normalise_name, parse_requirement
from fast_container.python_base.requirements.requirements_file import read_requirements_file
from fast_container.python_base.requirements.versions import split_specifiers
from fast_container.python_base.toml_table import TomlTable, read_toml

_DYNAMIC = ("dependencies", "optional-dependencies")


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
        settings: Where its dependencies come from.
        dynamic: Those of ``dependencies`` and ``optional-dependencies`` that only its build backend knows.
        document: The whole ``pyproject.toml``.
    """

    name: str
    path: str
    requires_python: str
    dependencies: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    groups: Mapping[str, tuple[Requirement, ...]]
    settings: ProjectSettings = field(default_factory=ProjectSettings)
    dynamic: frozenset[str] = frozenset()
    document: TomlTable = field(default_factory=lambda: TomlTable("pyproject.toml"), repr=False, compare=False)

    @property
    def build_requirements(self) -> tuple[Requirement, ...]:
        """The requirements of a build of its wheel."""
        texts = self.document.table("build-system").texts("requires")
        return tuple(parse_requirement(text, self.file) for text in texts)

    @property
    def file(self) -> str:
        """Path of its ``pyproject.toml``, for messages."""
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
    project = document.table("project")
    name = project.text("name")
    if not name:
        raise ContextError(
            "A local package declares no name.",
            path=file,
            why=_why_no_project(document),
            next_step="Declare name and dependencies in [project], or give its requirements file by requirements=.",
        )
    if not is_name(name):
        raise ContextError(f"{name!r} cannot be a package's name.", path=file, next_step="Correct project.name.")
    requires_python = project.text("requires-python")
    if split_specifiers(requires_python) is None:
        raise ContextError(f"The requires-python of {name} cannot be read.", path=file, why=requires_python)
    reader = _Reader(root, path, file, document, frozenset(project.texts("dynamic")))
    return LocalPackage(
        name=normalise_name(name),
        path=path,
        requires_python=requires_python,
        dependencies=reader.dependencies(),
        extras=reader.extras(),
        groups=reader.groups(),
        settings=read_project_settings(root, path, document),
        dynamic=frozenset(what for what in _DYNAMIC if reader.is_unknown(what)),
        document=document,
    )


def refuse_dynamic(package: LocalPackage) -> None:
    """Refuse dependencies that only the build backend knows.

    Raises:
        ContextError: There are some.
    """
    for what in _DYNAMIC:
        if what in package.dynamic:
            raise ContextError(
                f"The {what} of a local package are dynamic.",
                path=package.file,
                why="its build backend computes them; only setuptools' {file = …} can be read without running it",
                next_step=f"Declare {what} in [project], or give a uv.lock, which knows them, by lock=.",
            )


@dataclass(frozen=True, slots=True)
class _Reader:
    root: str
    path: str
    file: str
    document: TomlTable
    dynamic: frozenset[str]

    @property
    def files(self) -> TomlTable:
        """Return the files from which setuptools takes dynamic values."""
        return self.document.table("tool", "setuptools", "dynamic")

    def is_unknown(self, what: str) -> bool:
        if what not in self.dynamic:
            return False
        return not self._names(what) if what == "dependencies" else not self.files.table(what).values

    def dependencies(self) -> tuple[Requirement, ...]:
        if "dependencies" not in self.dynamic:
            return self._listed(self.document.table("project"), "dependencies")
        return self._from_files(self._names("dependencies"))

    def extras(self) -> dict[str, tuple[Requirement, ...]]:
        if "optional-dependencies" not in self.dynamic:
            listed = self.document.table("project", "optional-dependencies")
            return {normalise_name(name): self._listed(listed, name) for name in listed.values}
        files = self.files.table("optional-dependencies")
        return {
            normalise_name(name): self._from_files(files.table(name).text_or_texts("file")) for name in files.values
        }

    def groups(self) -> dict[str, tuple[Requirement, ...]]:
        declared = self.document.table("dependency-groups")
        by_name = {normalise_name(name): name for name in declared.values}
        return {name: self._group(declared, by_name, name, ()) for name in by_name}

    def _group(
        self, declared: TomlTable, by_name: Mapping[str, str], name: str, above: tuple[str, ...]
    ) -> tuple[Requirement, ...]:
        if name in above or name not in by_name:
            raise ContextError(
                f"The dependency group {name!r} includes itself."
                if name in above
                else f"The dependency group {name!r} is not declared.",
                path=self.file,
                why=" → ".join((*above, name)),
                next_step="Correct include-group in [dependency-groups].",
            )
        key = by_name[name]
        found: list[Requirement] = []
        for item in declared.texts_and_tables(key):
            if isinstance(item, str):
                found.append(parse_requirement(item, self.file))
            else:
                found += self._group(declared, by_name, normalise_name(item.text("include-group")), (*above, name))
        return tuple(found)

    def _listed(self, table: TomlTable, key: str) -> tuple[Requirement, ...]:
        if not isinstance(table.values.get(key, []), list):
            raise table.wrong(key, "a list of requirements")
        return tuple(parse_requirement(text, self.file) for text in table.texts(key))

    def _names(self, what: str) -> tuple[str, ...]:
        declared = self.files.values.get(what)
        return self.files.table(what).text_or_texts("file") if isinstance(declared, dict) else ()

    def _from_files(self, names: tuple[str, ...]) -> tuple[Requirement, ...]:
        found: list[Requirement] = []
        for name in names:
            found += read_requirements_file(self.root, _join(self.path, name)).requirements
        return tuple(found)


def _join(path: str, name: str) -> str:
    return name if path in ("", ".") else f"{path}/{name}"


def _why_no_project(document: TomlTable) -> str:
    if "poetry" in document.table("tool"):
        return "there is no [project] table with a name; the tables of Poetry 1 are not supported"
    return "there is no [project] table with a name"
