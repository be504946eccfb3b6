"""Local packages that are installed together: what they want of one another and of the outside.

Decides which of their declarations are selected, which names are local, and their order. Leaves one package's file to
``core.local_package`` and putting requirements together to ``core.declared_dependencies``.
"""

# ruff: noqa: PTH113, PTH118

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fast_container.core.local_package import LocalPackage, Table, read_package, read_toml, uv_sources
from fast_container.core.python_version import contradict, exact_version, satisfies, split_specifiers
from fast_container.core.requirements import Requirement, normalise_name, parse_requirement, refuse_login
from fast_container.core.requirements_file import RequirementsFile
from fast_container.core.uv_lock import UvLock, Wanted
from fast_container.errors import ArgsError, ContextError

Selected = Mapping[str, Sequence[str]] | Sequence[str]
"""Extras or groups: of each package that has them, or by package name."""


def read_packages(root: str, paths: Sequence[str]) -> PackageSet:
    """Read the declarations of some packages; ``paths`` are relative to the root.

    Raises:
        ContextError: One of them cannot be read.
    """
    has_root = os.path.isfile(os.path.join(root, "pyproject.toml"))
    sources = uv_sources(read_toml(root, "pyproject.toml")) if has_root else {}
    return PackageSet(root, tuple(read_package(root, path) for path in paths), sources)


@dataclass(frozen=True, slots=True)
class PackageSet:
    """Local packages that are installed together.

    Attributes:
        root: Absolute path that all paths are relative to.
        packages: As given.
        root_sources: ``tool.uv.sources`` of a workspace's root, which hold for its members too.
    """

    root: str
    packages: tuple[LocalPackage, ...]
    root_sources: Mapping[str, Table]

    @property
    def by_name(self) -> dict[str, LocalPackage]:
        """By normalised name."""
        return {found.name: found for found in self.packages}

    def refuse_contradictions(self) -> None:
        """Refuse two packages of one name, and packages that no Python can run together.

        Raises:
            ArgsError: With both files.
        """
        seen: dict[str, LocalPackage] = {}
        for found in self.packages:
            if found.name in seen and seen[found.name].path != found.path:
                raise ArgsError(
                    f"Two packages are called {found.name}",
                    property_path="packages",
                    why=f"{seen[found.name].file} and {found.file}",
                    next_step="give one of them",
                )
            seen[found.name] = found
        _refuse_python_conflict(self.packages)

    def select(self, extras: Selected, groups: Selected) -> dict[str, Wanted]:
        """Package name → what of it is wanted; extras that packages ask of one another are added.

        Raises:
            ArgsError: An extra or group that is not declared.
            ContextError: A package asks another one for an extra that it has not.
        """
        wanted_extras = _by_package(extras, self.by_name, "extras", {n: set(p.extras) for n, p in self.by_name.items()})
        wanted_groups = _by_package(groups, self.by_name, "groups", {n: set(p.groups) for n, p in self.by_name.items()})
        waiting = list(self.by_name)
        while waiting:
            name = waiting.pop()
            package = self.by_name[name]
            for found in _declared(package, wanted_extras[name], wanted_groups[name]):
                other = self.by_name.get(found.name)
                if other is None:
                    continue
                missing = sorted(set(found.extras) - set(other.extras))
                if missing:
                    raise ContextError(
                        f"{other.name} has no extra {missing[0]!r}",
                        path=found.place,
                        next_step=f"declare it in {other.file}",
                    )
                if not set(found.extras) <= wanted_extras[found.name]:
                    wanted_extras[found.name] |= set(found.extras)
                    waiting.append(found.name)
        return {
            name: Wanted(name, frozenset(wanted_extras[name]), frozenset(wanted_groups[name])) for name in self.by_name
        }

    def external(self, selected: Mapping[str, Wanted]) -> list[Requirement]:
        """What the packages declare, without one another."""
        names = self.by_name
        return [
            self.sourced(requirement, package)
            for package in names.values()
            for requirement in _declared(package, selected[package.name].extras, selected[package.name].groups)
            if requirement.name not in names
        ]

    def sourced(self, requirement: Requirement, package: LocalPackage | None) -> Requirement:
        """A requirement with the URL that ``tool.uv.sources`` gives it.

        Raises:
            ContextError: It is a local package that was not given.
        """
        if requirement.name in self.by_name:
            return requirement
        if requirement.url.startswith("file:"):
            raise _not_given(requirement, requirement.url)
        source = self.root_sources.get(requirement.name)
        if package is not None:
            source = package.sources.get(requirement.name, source)
        if source is None or "index" in source or "list" in source:
            return requirement
        if source.get("workspace") or "path" in source:
            raise _not_given(requirement, str(source.get("path", "of the workspace")))
        url = _url_of(source)
        return replace(requirement, url=requirement.url or url, specifiers=() if url else requirement.specifiers)

    def locked(self, lock: UvLock, selected: Mapping[str, Wanted]) -> tuple[list[Requirement], list[str]]:
        """The lock's requirements, and pip's options for indexes other than PyPI.

        Raises:
            ContextError: A local package is needed that was not given, or the lock is older than the packages.
        """
        found = lock.required(selected.values())
        for name in sorted(found.local_packages - set(self.by_name)):
            place = lock.local_path(name) or ""
            raise _not_given(Requirement(name, file=lock.file, text=name), place)
        for requirement in found.requirements:
            refuse_login(requirement.url, requirement.url, lock.file)
        for index in found.indexes:
            refuse_login(index, index, lock.file)
        self._refuse_stale(lock, found.requirements, selected)
        return list(found.requirements), [f"--extra-index-url {index}" for index in found.indexes]

    def _refuse_stale(self, lock: UvLock, locked: Sequence[Requirement], selected: Mapping[str, Wanted]) -> None:
        versions: dict[str, list[str]] = {}
        for found in locked:
            versions.setdefault(found.name, []).extend(map(exact_version, found.specifiers))
        for package in self.by_name.values():
            known = lock.known(package.name)
            for requirement in _declared(package, selected[package.name].extras, selected[package.name].groups):
                if requirement.name in self.by_name or requirement.specifiers in known.get(requirement.name, ()):
                    continue
                there = versions.get(requirement.name, [])
                if requirement.name not in known or (there and not any(_fits(item, requirement) for item in there)):
                    raise ContextError(
                        f"The lock file is older than the packages: it has no {requirement.name} that fits",
                        path=requirement.place,
                        why=f"{lock.file} has {', '.join(there) if there else 'none'}",
                        next_step="run `uv lock` and commit the result",
                    )

    def refuse_local(self, file: RequirementsFile) -> None:
        """Refuse a path in a requirements file that is none of the packages.

        Raises:
            ContextError: There is such a path.
        """
        paths = {os.path.normpath(found.path) for found in self.packages}
        for path, place in file.local_paths:
            if path in paths or os.path.relpath(path, self.root) in paths:
                continue
            name, _, text = place.partition(": ")
            raise _not_given(Requirement(path, file=name, text=text), path)

    def ordered(self, selected: Mapping[str, Wanted]) -> tuple[LocalPackage, ...]:
        """Each package behind those that it needs.

        Raises:
            ArgsError: They need one another in a circle.
        """
        done: dict[str, LocalPackage] = {}

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                circle = " → ".join((*above[above.index(name) :], name))
                raise ArgsError(
                    "The packages need one another in a circle",
                    property_path="packages",
                    why=circle,
                    next_step="take one of these dependencies out",
                )
            if name in done:
                return
            package, wanted = self.by_name[name], selected[name]
            needed = {found.name for found in _declared(package, wanted.extras, frozenset())} - {name}
            for other in sorted(needed & set(self.by_name)):
                visit(other, (*above, name))
            done[name] = package

        for name in sorted(self.by_name):
            visit(name, ())
        return tuple(done.values())


def _fits(version: str, requirement: Requirement) -> bool:
    return all(satisfies(version, specifier) is not False for specifier in requirement.specifiers)


def _declared(package: LocalPackage, extras: Iterable[str], groups: Iterable[str]) -> list[Requirement]:
    found = list(package.dependencies)
    for extra in sorted(extras):
        found += package.extras.get(extra, ())
    for group in sorted(groups):
        found += package.groups.get(group, ())
    return found


def _by_package(
    selected: Selected, packages: Mapping[str, LocalPackage], what: str, there: Mapping[str, set[str]]
) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = {name: set() for name in packages}
    if isinstance(selected, str):
        raise ArgsError(f"{what} is a text, not a list of names", property_path=what, next_step=f'write ["{selected}"]')
    if isinstance(selected, Mapping):
        for package, names in selected.items():
            found = normalise_name(package)
            if found not in packages:
                raise ArgsError(f"{package!r} is none of the packages", property_path=f'{what}["{package}"]')
            wanted[found] |= {normalise_name(name) for name in names}
            _refuse_missing(wanted[found] - there[found], f'{what}["{package}"]', packages[found].file)
        return wanted
    names = {normalise_name(name) for name in selected}
    _refuse_missing(names - set[str]().union(*there.values()), what, "any of the packages")
    return {package: names & there[package] for package in packages}


def _refuse_missing(missing: Iterable[str], property_path: str, where: str) -> None:
    for name in sorted(missing):
        raise ArgsError(f"{name!r} is not declared in {where}", property_path=property_path)


def _url_of(source: Table) -> str:
    if "url" in source:
        return str(source["url"])
    if "git" not in source:
        return ""
    reference = source.get("rev") or source.get("tag") or source.get("branch") or ""
    inside = f"#subdirectory={source['subdirectory']}" if source.get("subdirectory") else ""
    return parse_requirement(
        f"x @ git+{source['git']}{'@' if reference else ''}{reference}{inside}", "tool.uv.sources"
    ).url


def _not_given(requirement: Requirement, place: str) -> ContextError:
    return ContextError(
        f"The local package {requirement.name} is needed and not among the packages",
        path=requirement.place,
        why=f"it is local: {place}",
        next_step="add its directory to packages",
    )


def _refuse_python_conflict(packages: Sequence[LocalPackage]) -> None:
    declared = [
        Requirement("python", specifiers=split_specifiers(found.requires_python) or (), file=found.file)
        for found in packages
    ]
    for index, one in enumerate(declared):
        for other in declared[index + 1 :]:
            for left in one.specifiers:
                for right in other.specifiers:
                    if contradict(left, right):
                        raise ArgsError(
                            "The packages need different versions of Python",
                            property_path="packages",
                            why=f"requires-python {left} in {one.file}, {right} in {other.file}",
                            next_step="make them agree, or give them different base images",
                        )
