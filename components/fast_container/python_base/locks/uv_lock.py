"""The content of a ``uv.lock``.

Decides which format is supported and how each part of it is read; a part of another shape is refused with its name.
Leaves which packages are needed to ``python_base.locks.uv_lock_walk``.
Source: uv's documentation of the lock file, format version 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fast_container.errors import ContextError
from fast_container.python_base.requirements.requirement import normalise_marker, normalise_name
from fast_container.python_base.requirements.versions import split_specifiers
from fast_container.python_base.toml_table import TomlTable, read_toml

LOCAL: Final = ("editable", "virtual", "directory")
_KINDS: Final = (*LOCAL, "registry", "git", "url", "path")
_FORMAT: Final = 1
_OTHERS: Final = {
    "metadata": "poetry.lock and pdm.lock are not supported: export with `poetry export` or `pdm export`, and use "
    "requirements=",
    "lock-version": "pylock.toml is not supported: give uv.lock, or the same as a requirements file by requirements=",
}


@dataclass(frozen=True, slots=True)
class LockSource:
    """The source of a locked package.

    Attributes:
        kind: ``registry``, ``git``, ``url``, ``path``, ``editable``, ``virtual`` or ``directory``; "" without a source.
        value: URL or path.
        subdirectory: Of an archive.
    """

    kind: str = ""
    value: str = ""
    subdirectory: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A dependency of a locked package.

    Attributes:
        name: Normalised.
        version: "" if the lock has one version of the name.
        source: None if the lock has one source of the name.
        extras: Normalised.
        marker: Canonical, or "".
    """

    name: str
    version: str = ""
    source: LockSource | None = None
    extras: tuple[str, ...] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package of the lock.

    Attributes:
        name: Normalised.
        version: "" if it is dynamic.
        source: Where it comes from.
        dependencies: Those that it always has.
        extras: Normalised name → its dependencies.
        groups: Likewise, of its dependency groups.
        hashes: Of all its files, sorted; empty if a file has none.
        has_wheel: Whether there is a wheel among them.
        has_local_files: Whether its files are on this machine.
        declared: Its declarations when it was locked: name → specifiers.
    """

    name: str
    version: str
    source: LockSource
    dependencies: tuple[Edge, ...] = ()
    extras: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict[str, tuple[Edge, ...]])
    groups: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict[str, tuple[Edge, ...]])
    hashes: tuple[str, ...] = ()
    has_wheel: bool = False
    has_local_files: bool = False
    declared: Mapping[str, frozenset[tuple[str, ...]]] = field(default_factory=dict[str, frozenset[tuple[str, ...]]])

    @property
    def is_local(self) -> bool:
        """Whether it is a package of the workspace, or one beside it."""
        return self.source.kind in LOCAL

    def fits(self, edge: Edge) -> bool:
        """Whether an edge of its name may lead to it."""
        return edge.version in ("", self.version) and edge.source in (None, self.source)


@dataclass(frozen=True, slots=True)
class PackagePart:
    """A part of a package that a marker or a conflict names.

    Attributes:
        package: Normalised.
        extra: Normalised, or "".
        group: Normalised, or ""; both are "" for the package itself.
    """

    package: str
    extra: str = ""
    group: str = ""

    def __str__(self) -> str:
        """Return the part as a person would say it."""
        if self.extra:
            return f"{self.package}[{self.extra}]"
        return f"group {self.group} of {self.package}" if self.group else self.package


@dataclass(slots=True)
class UvLock:
    """A lock file, read.

    Attributes:
        file: Its path, for messages.
        packages: Name → those of the name.
        conflicts: Sets of parts of which one may be selected.
    """

    file: str
    packages: dict[str, list[LockedPackage]] = field(default_factory=dict[str, list[LockedPackage]])
    conflicts: list[tuple[PackagePart, ...]] = field(default_factory=list[tuple[PackagePart, ...]])

    def local(self, name: str) -> LockedPackage | None:
        """Return the local package of a name."""
        return next((found for found in self.packages.get(name, ()) if found.is_local), None)

    def declared(self, name: str) -> Mapping[str, frozenset[tuple[str, ...]]]:
        """Return a local package's declarations when it was locked: name → specifiers."""
        found = self.local(name)
        return found.declared if found else {}


def read_uv_lock(root: str, path: str) -> UvLock:
    """Read a lock file.

    Raises:
        ContextError: It cannot be read, or has another format.
    """
    document = read_toml(root, path)
    if document.values.get("version") != _FORMAT or isinstance(document.values["version"], bool):
        other = next((said for key, said in _OTHERS.items() if key in document), "")
        raise ContextError(
            "The lock file has a format that is not supported.",
            path=path,
            why=f"version {document.values.get('version')!r}; supported is {_FORMAT}, of uv",
            next_step=other or "give uv.lock, or a requirements file by requirements=",
        )
    lock = UvLock(path)
    for table in document.tables("package"):
        package = _package(table)
        lock.packages.setdefault(package.name, []).append(package)
    lock.conflicts = [tuple(map(_activated, tables)) for tables in _arrays(document, "conflicts")]
    return lock


def _package(table: TomlTable) -> LockedPackage:
    source = _source(table.table("source"))
    files = [*table.tables("wheels"), *([table.table("sdist")] if "sdist" in table else [])]
    hashes = [_hash(file) for file in files]
    return LockedPackage(
        name=_name(table),
        version=_version(table),
        source=source,
        dependencies=_edges(table, "dependencies"),
        extras={
            **{normalise_name(name): () for name in table.table("metadata").texts("provides-extras")},
            **_by_name(table.table("optional-dependencies")),
        },
        groups=_by_name(table.table("dev-dependencies")),
        hashes=tuple(sorted(set(hashes))) if all(hashes) else (),
        has_wheel="wheels" in table or source.value.endswith(".whl"),
        has_local_files=any("path" in file for file in files),
        declared=_declared(table),
    )


def _hash(file: TomlTable) -> str:
    found = file.text("hash")
    if len(found.split()) > 1:
        raise file.wrong("hash", "a hash")
    return found


def _version(table: TomlTable) -> str:
    found = table.text("version")
    if found and not split_specifiers(f"=={found}"):
        raise ContextError("The lock file has a version that cannot be read.", path=table.file, why=found)
    return found


def _source(table: TomlTable) -> LockSource:
    for kind in _KINDS:
        if kind in table:
            value = table.text(kind)
            if kind in ("registry", "git", "url") and len(value.split()) != 1:
                raise table.wrong(kind, "a URL")
            return LockSource(kind, value.rstrip("/") if kind == "registry" else value, table.text("subdirectory"))
    return LockSource()


def _edges(table: TomlTable, key: str) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            name=_name(edge),
            version=_version(edge),
            source=_source(edge.table("source")) if "source" in edge else None,
            extras=tuple(normalise_name(name) for part in ("extra", "extras") for name in edge.texts(part)),
            marker=normalise_marker(edge.text("marker")),
        )
        for edge in table.tables(key)
    )


def _by_name(tables: TomlTable) -> dict[str, tuple[Edge, ...]]:
    return {normalise_name(name): _edges(tables, name) for name in tables.values}


def _declared(table: TomlTable) -> dict[str, frozenset[tuple[str, ...]]]:
    metadata = table.table("metadata")
    groups = metadata.table("requires-dev")
    items = [*metadata.tables("requires-dist"), *(item for name in groups.values for item in groups.tables(name))]
    found: dict[str, set[tuple[str, ...]]] = {}
    for item in items:
        specifiers = split_specifiers(item.text("specifier")) or ()
        found.setdefault(_name(item), set()).add(specifiers)
    for edge in _all_edges(table):
        found.setdefault(edge, set())
    return {name: frozenset(specifiers) for name, specifiers in found.items()}


def _all_edges(table: TomlTable) -> Iterator[str]:
    yield from map(_name, table.tables("dependencies"))
    for part in ("optional-dependencies", "dev-dependencies"):
        for name in table.table(part).values:
            yield from map(_name, table.table(part).tables(name))


def _activated(table: TomlTable) -> PackagePart:
    return PackagePart(
        _name(table, "package"), normalise_name(table.text("extra")), normalise_name(table.text("group"))
    )


def _arrays(table: TomlTable, key: str) -> Iterator[tuple[TomlTable, ...]]:
    inside = table.items(key, "an array of arrays")
    for name in inside.values:
        yield inside.tables(name)


def _name(table: TomlTable, key: str = "name") -> str:
    name = normalise_name(table.text(key))
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", name):
        raise ContextError(
            "The lock file has a package without a name.",
            path=table.file,
            why=f"{table.dotted(key)} is {table.text(key)!r}",
            next_step="Run `uv lock` and commit the result.",
        )
    return name
