"""``uv.lock``: the exact distributions that some packages need.

Decides which of the lock's packages are reached from given roots, with which extras, and under which markers. Local
packages are passed through and never named. Leaves how the result is installed to ``core.base_dockerfile``.
Source: uv's documentation of the lock file, format version 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from fast_container.core.local_package import read_toml
from fast_container.core.python_version import split_specifiers
from fast_container.core.requirements import Requirement, normalise_marker, normalise_name
from fast_container.errors import ContextError

_LOCAL: Final = ("editable", "virtual", "directory")
_PYPI: Final = "https://pypi.org/simple"
_FORMAT: Final = 1

Table = Mapping[str, Any]
Node = tuple[str, str, str]
"""(name, version and source, extra or ""): what an edge of the lock leads to."""

Conditions = frozenset[frozenset[str]]
"""Markers: any of the sets, and all of a set's members. A set without members is always true."""

_ALWAYS: Final[Conditions] = frozenset({frozenset[str]()})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A local package from which the lock is walked.

    Attributes:
        name: Normalised.
        extras: Selected ones.
        groups: Selected ones.
    """

    name: str
    extras: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Locked:
    """What the lock says that some packages need.

    Attributes:
        requirements: Exact, sorted by name; hashes where the lock has them.
        local_packages: Names of the local packages that were passed, the roots among them.
        indexes: Package indexes other than PyPI that it was taken from.
    """

    requirements: tuple[Requirement, ...]
    local_packages: frozenset[str]
    indexes: tuple[str, ...]


@dataclass(slots=True)
class UvLock:
    """A lock file, read.

    Attributes:
        file: Its path, for messages.
        packages: (Name, version and source) → its table.
        named: Name → the keys that begin with it.
    """

    file: str
    packages: dict[tuple[str, str], Table] = field(default_factory=dict[tuple[str, str], Table])
    named: dict[str, list[tuple[str, str]]] = field(default_factory=dict[str, list[tuple[str, str]]])

    def local_path(self, name: str) -> str | None:
        """Where a local package lies, relative to the lock; None for one that is not local or not there."""
        for key in self.named.get(name, ()):
            for kind in _LOCAL:
                if kind in _source(self.packages[key]):
                    return str(_source(self.packages[key])[kind])
        return None

    def known(self, name: str) -> dict[str, set[tuple[str, ...]]]:
        """What a local package declared when it was locked: name → specifiers, as far as the lock says."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for key in self.named.get(name, ()):
            table = self.packages[key]
            metadata = cast("Table", table.get("metadata") or {})
            declared = [*cast("list[Table]", metadata.get("requires-dist") or [])]
            for edges in _by_name(metadata.get("requires-dev")).values():
                declared += edges
            for item in declared:
                specifiers = split_specifiers(str(item.get("specifier", ""))) or ()
                found.setdefault(normalise_name(str(item["name"])), set()).add(specifiers)
            for edge in _all_edges(table):
                found.setdefault(normalise_name(str(edge["name"])), set())
        return found

    def required(self, roots: Iterable[Wanted]) -> Locked:
        """What the roots need.

        Raises:
            ContextError: A root is not in the lock, or the lock is not consistent.
        """
        conditions: dict[Node, Conditions] = {}
        waiting: list[Node] = []
        for node, found in self._starts(roots):
            _add(conditions, waiting, node, found)
        while waiting:
            node = waiting.pop()
            for edge, marker in self._edges(*node):
                _add(conditions, waiting, edge, _under(conditions[node], marker))
        return self._collected(conditions)

    def _starts(self, roots: Iterable[Wanted]) -> Iterator[tuple[Node, Conditions]]:
        for root in roots:
            key = self._only(root.name, {})
            yield (*key, ""), _ALWAYS
            for extra in root.extras:
                yield (*key, extra), _ALWAYS
            groups = _by_name(self.packages[key].get("dev-dependencies"))
            for group in root.groups:
                for edge, marker in self._targets(groups.get(group, [])):
                    yield edge, _under(_ALWAYS, marker)

    def _edges(self, name: str, version: str, extra: str) -> Iterator[tuple[Node, str]]:
        table = self.packages[name, version]
        if not extra:
            yield from self._targets(table.get("dependencies") or [])
            return
        yield from self._targets(_by_name(table.get("optional-dependencies")).get(extra, []))

    def _targets(self, edges: Iterable[Table]) -> Iterator[tuple[Node, str]]:
        for edge in edges:
            name = normalise_name(str(edge["name"]))
            marker = normalise_marker(str(edge.get("marker", "")))
            if re.search(r"\bextra\b", marker):
                raise self._broken(name, "is locked differently for conflicting extras, which pip cannot follow")
            key = self._only(name, edge)
            yield (*key, ""), marker
            for extra in cast("list[str]", edge.get("extra") or edge.get("extras") or []):
                yield (*key, normalise_name(extra)), marker

    def _only(self, name: str, edge: Table) -> tuple[str, str]:
        """The one package that an edge names."""
        keys = [
            key
            for key in self.named.get(name, ())
            if all(self.packages[key].get(part) == edge[part] for part in ("version", "source") if part in edge)
        ]
        if len(keys) != 1:
            raise self._broken(name, "is in the lock more than once" if keys else "is not in the lock")
        return keys[0]

    def _collected(self, conditions: Mapping[Node, Conditions]) -> Locked:
        found: list[Requirement] = []
        passed: set[str] = set()
        indexes: set[str] = set()
        for key in sorted({node[:2] for node in conditions}):
            name, table = key[0], self.packages[key]
            if any(kind in _source(table) for kind in _LOCAL):
                passed.add(name)
                continue
            indexes.add(str(_source(table).get("registry", "")))
            # The extras' own dependencies are reached by the walk: naming them once more would say nothing.
            reached = frozenset[frozenset[str]]().union(*(held for node, held in conditions.items() if node[:2] == key))
            found.append(self._requirement(name, table, _marker(_shortest(reached))))
        return Locked(tuple(found), frozenset(passed), tuple(sorted(indexes - {"", _PYPI})))

    def _requirement(self, name: str, table: Table, marker: str) -> Requirement:
        source, version = _source(table), str(table.get("version", ""))
        files = [*cast("list[Table]", table.get("wheels") or []), cast("Table", table.get("sdist") or {})]
        hashes = tuple(sorted({str(file["hash"]) for file in files if file.get("hash")}))
        text = f"{name} {version}"
        if "registry" in source:
            return Requirement(name, (), (f"=={version}",), "", marker, hashes, self.file, text)
        if "git" in source:
            address, _, commit = str(source["git"]).partition("#")
            url, _, query = address.partition("?")
            inside = [part for part in query.split("&") if part.startswith("subdirectory=")]
            fragment = f"#{inside[0]}" if inside else ""
            return Requirement(name, (), (), f"git+{url}@{commit}{fragment}", marker, (), self.file, text)
        if "url" in source:
            return Requirement(name, (), (), str(source["url"]), marker, hashes, self.file, text)
        raise self._broken(name, "comes from a local file, which is not in the image's build context")

    def _broken(self, name: str, why: str) -> ContextError:
        return ContextError(
            f"The lock file does not fit: {name} {why}", path=self.file, next_step="run `uv lock` and commit the result"
        )


def read_uv_lock(root: str, path: str) -> UvLock:
    """Read a lock file.

    Raises:
        ContextError: It cannot be read, or has another format.
    """
    document = read_toml(root, path)
    if document.get("version") != _FORMAT:
        raise ContextError(
            "The lock file has a format that is not known",
            path=path,
            why=f"version {document.get('version')!r}; known is {_FORMAT}, of uv",
            next_step="give uv.lock, or a requirements file by requirements=",
        )
    lock = UvLock(path)
    for table in cast("list[Table]", document.get("package") or []):
        name = normalise_name(str(table["name"]))
        key = (name, f"{table.get('version', '')} {sorted(_source(table).items())}")
        lock.packages[key] = table
        lock.named.setdefault(name, []).append(key)
    return lock


def _add(conditions: dict[Node, Conditions], waiting: list[Node], node: Node, found: Conditions) -> None:
    before = conditions.get(node, frozenset())
    after = _shortest(before | found)
    if after != before:
        conditions[node] = after
        waiting.append(node)


def _under(conditions: Conditions, marker: str) -> Conditions:
    return frozenset(held | {marker} for held in conditions) if marker else conditions


def _shortest(conditions: Conditions) -> Conditions:
    """Without those that another one implies."""
    return frozenset(held for held in conditions if not any(other < held for other in conditions))


def _marker(conditions: Conditions) -> str:
    if not conditions or frozenset() in conditions:
        return ""
    parts = sorted(" and ".join(_each(held)) for held in conditions)
    return parts[0] if len(parts) == 1 else " or ".join(part if part[0] == "(" else f"({part})" for part in parts)


def _each(markers: frozenset[str]) -> list[str]:
    return list(markers) if len(markers) == 1 else [f"({marker})" for marker in sorted(markers)]


def _source(table: Table) -> Table:
    return cast("Table", table.get("source") or {})


def _all_edges(table: Table) -> list[Table]:
    edges = list(cast("list[Table]", table.get("dependencies") or []))
    for part in ("optional-dependencies", "dev-dependencies"):
        for more in _by_name(table.get(part)).values():
            edges += more
    return edges


def _by_name(tables: object) -> dict[str, list[Table]]:
    found = cast("Mapping[str, list[Table]]", tables or {})
    return {normalise_name(name): edges for name, edges in found.items()}
