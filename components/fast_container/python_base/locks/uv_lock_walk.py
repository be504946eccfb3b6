"""The exact distributions of a ``uv.lock`` that some packages need.

Decides which of the lock's packages are reached from given roots, with which extras, under which markers and with
which of conflicting extras and groups. Local packages are passed through and never named. Leaves the file's format to
``python_base.locks.uv_lock`` and how the result is installed to ``python_base.indexes.install_steps``.
Source: uv's documentation, "Conflicting dependencies".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fast_container.errors import ArgsError, ContextError
from fast_container.python_base.indexes.install_steps import LockedIndex, LockedKey
from fast_container.python_base.indexes.package_source import is_local_url
from fast_container.python_base.locks.uv_lock import Edge, LockedPackage, PackagePart, UvLock
from fast_container.python_base.requirements.marker import (
    ALWAYS,
    NEVER,
    Comparison,
    parse_marker,
    simplified,
    write_marker,
)
from fast_container.python_base.requirements.requirement import Requirement

_PAGE: Final = re.compile(r"\.html?(?:[?#].*)?$", re.IGNORECASE)

LockedPackageKey = tuple[str, int]
"""Name, and number among the packages of that name."""

Node = tuple[LockedPackageKey, str]
"""(Package, extra or ""): the end of an edge of the lock."""

Conditions = frozenset[frozenset[str]]
"""Markers: any of the sets, and all of a set's members. An empty set is always true."""

_ALWAYS: Final[Conditions] = frozenset({frozenset[str]()})


@dataclass(frozen=True, slots=True)
class SelectedPackage:
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
class LockedRequirements:
    """What the lock says that some packages need.

    Attributes:
        requirements: Exact, sorted by name; hashes where the lock has them.
        local_packages: Names of the local packages that were passed, the roots among them.
        indexes: Where each requirement comes from; None for a direct reference.
    """

    requirements: tuple[Requirement, ...]
    local_packages: frozenset[str]
    indexes: Mapping[LockedKey, LockedIndex | None]


def walk_lock(
    lock: UvLock, roots: Iterable[SelectedPackage], pages: frozenset[str] = frozenset()
) -> LockedRequirements:
    """Return the requirements of the roots.

    Args:
        lock: The lock.
        roots: The start of the walk.
        pages: URLs that are known to be pages of links and not indexes.

    Raises:
        ArgsError: Selected extras or groups are in conflict.
        ContextError: A root is not in the lock, or the lock is not consistent.
    """
    roots = tuple(roots)
    activated = {PackagePart(root.name) for root in roots}
    activated |= {PackagePart(root.name, extra=extra) for root in roots for extra in root.extras}
    activated |= {PackagePart(root.name, group=group) for root in roots for group in root.groups}
    while True:
        walk = _Walk(lock, roots, frozenset(activated))
        conditions = walk.run()
        # A local package may ask another one for an extra that is in conflict with others.
        reached = {PackagePart(key[0], extra) for key, extra in conditions if walk.package(key).is_local}
        if reached <= activated:
            break
        activated |= reached
    _refuse_conflict(lock, activated)
    return _collected(walk, conditions, pages)


@dataclass(slots=True)
class _Walk:
    lock: UvLock
    roots: tuple[SelectedPackage, ...]
    activated: frozenset[PackagePart]

    def package(self, key: LockedPackageKey) -> LockedPackage:
        return self.lock.packages[key[0]][key[1]]

    def run(self) -> dict[Node, Conditions]:
        conditions: dict[Node, Conditions] = {}
        waiting: list[Node] = []
        for node, found in self._starts():
            _add(conditions, waiting, node, found)
        while waiting:
            node = waiting.pop()
            for edge, marker in self._edges(*node):
                _add(conditions, waiting, edge, _under(conditions[node], marker))
        return conditions

    def _starts(self) -> Iterator[tuple[Node, Conditions]]:
        for root in self.roots:
            key = self._only(Edge(root.name))
            package = self.package(key)
            yield (key, ""), _ALWAYS
            for extra in root.extras:
                yield (key, extra), _ALWAYS
            for group in root.groups:
                for edge, marker in self._targets(package.groups.get(group, ())):
                    yield edge, _under(_ALWAYS, marker)

    def _edges(self, key: LockedPackageKey, extra: str) -> Iterator[tuple[Node, str]]:
        package = self.package(key)
        if not extra:
            yield from self._targets(package.dependencies)
            return
        yield (key, ""), ""
        yield from self._targets(package.extras.get(extra, ()))

    def _targets(self, edges: Iterable[Edge]) -> Iterator[tuple[Node, str]]:
        for edge in edges:
            marker = edge.marker
            if re.search(r"\bextra\b", marker):
                parsed = parse_marker(marker)
                if parsed is None:
                    raise self.broken(edge.name, f"has a marker that cannot be read: {marker}")
                left = simplified(parsed, self._known)
                if left == NEVER:
                    continue
                marker = "" if left == ALWAYS else write_marker(left)
            key = self._only(edge)
            yield (key, ""), marker
            for extra in edge.extras:
                yield (key, extra), marker

    def _known(self, comparison: Comparison) -> bool | None:
        """Return whether a part that is in conflict with others is selected: ``extra == "extra-3-app-cpu"``."""
        name = comparison.compares("extra")
        if name is None:
            return None
        return any(name == _encoded(part) for part in self.activated) == (comparison.operator == "==")

    def _only(self, edge: Edge) -> LockedPackageKey:
        """Return the one package that an edge names."""
        every = self.lock.packages.get(edge.name, ())
        found = [number for number, package in enumerate(every) if package.fits(edge)]
        if len(found) != 1:
            raise self.broken(edge.name, "is in the lock more than once" if found else "is not in the lock")
        return edge.name, found[0]

    def broken(self, name: str, why: str) -> ContextError:
        return ContextError(
            f"The lock file does not fit: {name} {why}",
            path=self.lock.file,
            next_step="Run `uv lock` and commit the result.",
        )


def _encoded(part: PackagePart) -> str:
    """Encode a part as uv writes it into a marker."""
    if part.extra:
        return f"extra-{len(part.package)}-{part.package}-{part.extra}"
    if part.group:
        return f"group-{len(part.package)}-{part.package}-{part.group}"
    return f"project-{len(part.package)}-{part.package}"


def _refuse_conflict(lock: UvLock, activated: set[PackagePart]) -> None:
    for conflict in lock.conflicts:
        both = [part for part in dict.fromkeys(conflict) if part in activated]
        if len(both) > 1:
            raise ArgsError(
                f"{both[0]} and {both[1]} are in conflict.",
                property_path="groups" if both[0].group else "extras" if both[0].extra else "packages",
                why=f"{lock.file} names them in conflicts: one environment cannot hold both",
                next_step="Select one of them, and make a base image of its own for the other.",
            )


def _collected(walk: _Walk, conditions: Mapping[Node, Conditions], pages: frozenset[str]) -> LockedRequirements:
    found: list[Requirement] = []
    passed: set[str] = set()
    indexes: dict[LockedKey, LockedIndex | None] = {}
    for key in sorted({key for key, _ in conditions}):
        package = walk.package(key)
        if package.is_local:
            passed.add(package.name)
            continue
        # The walk reaches the extras' own dependencies, so they need not be named again.
        reached = frozenset[frozenset[str]]().union(*(held for node, held in conditions.items() if node[0] == key))
        requirement = _requirement(walk, package, _marker(_shortest(reached)))
        if (requirement.name, requirement.marker) in indexes:
            raise walk.broken(package.name, "is needed in two versions at once")
        found.append(requirement)
        indexes[requirement.name, requirement.marker] = _index(package, pages)
    return LockedRequirements(tuple(found), frozenset(passed), indexes)


def _index(package: LockedPackage, pages: frozenset[str]) -> LockedIndex | None:
    if package.source.kind != "registry":
        return None
    url = package.source.value
    return LockedIndex(url, url in pages or _PAGE.search(url) is not None, not package.has_wheel)


def _requirement(walk: _Walk, package: LockedPackage, marker: str) -> Requirement:
    kind, value = package.source.kind, package.source.value
    name, file, text = package.name, walk.lock.file, f"{package.name} {package.version}"
    inside = f"#subdirectory={package.source.subdirectory}" if package.source.subdirectory else ""
    if kind == "path" or package.has_local_files or (kind in ("registry", "url", "git") and is_local_url(value)):
        raise ContextError(
            f"The lock file takes {name} from a local file, which is not in the image's build context.",
            path=file,
            why=value,
            next_step="Lock it from an index or a URL, or write a Dockerfile of your own for this base image.",
        )
    if kind == "registry" and package.version:
        return Requirement(name, (), (f"=={package.version}",), "", marker, package.hashes, file, text)
    if kind == "git":
        address, _, commit = value.partition("#")
        url, _, query = address.partition("?")
        parts = [part for part in query.split("&") if part.startswith("subdirectory=")]
        inside = f"#{parts[0]}" if parts else inside
        return Requirement(name, (), (), f"git+{url}@{commit}{inside}", marker, (), file, text)
    if kind == "url":
        return Requirement(name, (), (), f"{value}{inside}", marker, package.hashes, file, text)
    raise walk.broken(name, "does not say where from")


def _add(conditions: dict[Node, Conditions], waiting: list[Node], node: Node, found: Conditions) -> None:
    before = conditions.get(node, frozenset())
    after = _shortest(before | found)
    if after != before:
        conditions[node] = after
        waiting.append(node)


def _under(conditions: Conditions, marker: str) -> Conditions:
    return frozenset(held | {marker} for held in conditions) if marker else conditions


def _shortest(conditions: Conditions) -> Conditions:
    """Drop the sets that another one implies."""
    return frozenset(held for held in conditions if not any(other < held for other in conditions))


def _marker(conditions: Conditions) -> str:
    if not conditions or frozenset() in conditions:
        return ""
    parts = sorted(" and ".join(_each(held)) for held in conditions)
    return parts[0] if len(parts) == 1 else " or ".join(part if part[0] == "(" else f"({part})" for part in parts)


def _each(markers: frozenset[str]) -> list[str]:
    return list(markers) if len(markers) == 1 else [f"({marker})" for marker in sorted(markers)]
