"""Local packages that are installed together: their dependencies on one another and on external distributions.

Decides which of their declarations are selected, which names are local, and their order. Leaves one package's file to
``python_base.packages.local_package`` and putting requirements together to ``python_base.dependencies``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fast_container.errors import ArgsError, ContextError
from fast_container.python_base.indexes.index_choice import IndexChoice, choose_indexes, refuse_one_index
from fast_container.python_base.indexes.package_indexes import Index, IndexSettings
from fast_container.python_base.indexes.package_source import apply_sources, is_local_url, refuse_filled_in
from fast_container.python_base.locks.selected_declarations import Selected, by_package, declared_of, extras_of
from fast_container.python_base.locks.stale_lock import refuse_stale
from fast_container.python_base.locks.uv_lock import UvLock
from fast_container.python_base.locks.uv_lock_walk import LockedRequirements, SelectedPackage, walk_lock
from fast_container.python_base.packages.local_names import find_local_packages
from fast_container.python_base.packages.local_package import LocalPackage, read_package, refuse_dynamic
from fast_container.python_base.packages.package_order import in_order
from fast_container.python_base.packages.parent_python import refuse_python_conflict
from fast_container.python_base.packages.project_settings import ProjectSettings, read_root_settings
from fast_container.python_base.requirements.marker import holds_on_linux
from fast_container.python_base.requirements.requirement import Requirement, refuse_login
from fast_container.python_base.requirements.requirements_file import RequirementsFile


def read_packages(root: str, paths: Sequence[str]) -> PackageSet:
    """Read the declarations of some packages; ``paths`` are relative to the root.

    Raises:
        ContextError: One of them cannot be read.
    """
    return PackageSet(root, tuple(read_package(root, path) for path in paths), read_root_settings(root))


@dataclass(frozen=True, slots=True)
class PackageSet:
    """Local packages that are installed together.

    Attributes:
        root: Absolute path that all paths are relative to.
        packages: In the order given.
        root_settings: The settings for requirements files.
    """

    root: str
    packages: tuple[LocalPackage, ...]
    root_settings: ProjectSettings

    @property
    def by_name(self) -> dict[str, LocalPackage]:
        """Packages by normalised name."""
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
                    next_step="Give one of them.",
                )
            seen[found.name] = found
        refuse_python_conflict(self.packages)

    def select(self, extras: Selected, groups: Selected, lock: UvLock | None = None) -> dict[str, SelectedPackage]:
        """Return package name → its selected parts, with the extras that packages ask of one another.

        Args:
            extras: Selected by the user.
            groups: Likewise.
            lock: Knows the extras of a package if they are dynamic.

        Raises:
            ArgsError: An extra or group that is not declared.
            ContextError: A package asks for an extra that another one does not have.
        """
        there = {name: extras_of(package, lock) for name, package in self.by_name.items()}
        wanted_extras = by_package(extras, self.by_name, "extras", there)
        wanted_groups = by_package(groups, self.by_name, "groups", {n: set(p.groups) for n, p in self.by_name.items()})
        waiting = list(self.by_name)
        while waiting:
            name = waiting.pop()
            package = self.by_name[name]
            wanted = SelectedPackage(name, frozenset(wanted_extras[name]), frozenset(wanted_groups[name]))
            for found in (declared.requirement for declared in declared_of(package, wanted)):
                other = self.by_name.get(found.name)
                if other is None:
                    continue
                missing = sorted(set(found.extras) - there[other.name])
                if missing:
                    raise ContextError(
                        f"{other.name} has no extra {missing[0]!r}",
                        path=found.place,
                        next_step=f"Declare it in {other.file}",
                    )
                if not set(found.extras) <= wanted_extras[found.name]:
                    wanted_extras[found.name] |= set(found.extras)
                    waiting.append(found.name)
        return {
            name: SelectedPackage(name, frozenset(wanted_extras[name]), frozenset(wanted_groups[name]))
            for name in self.by_name
        }

    def passed_over(self, selected: Mapping[str, SelectedPackage]) -> tuple[str, ...]:
        """Return the sources that hold only for another extra or group than declares a distribution, one line each."""
        return tuple(
            f"{declared.requirement.name} is not taken from {settings.said(source)}: "
            f"{source.place} is for {f'extra {source.extra}' if source.extra else f'group {source.group}'} only"
            for package in self.by_name.values()
            for settings in (package.settings,)
            for declared in declared_of(package, selected[package.name])
            for sources in (settings.sources_of(declared.requirement.name),)
            if not any(source.is_for(extra=declared.extra, group=declared.group) for source in sources)
            for source in sources
        )

    def indexes(self, options: Sequence[str]) -> IndexChoice:
        """Choose the indexes of an installation without a lock; ``options`` are those of requirements files.

        Raises:
            ArgsError, ContextError: The packages' settings cannot be kept.
        """
        return choose_indexes(self._settings(), options)

    def external(self, selected: Mapping[str, SelectedPackage], choice: IndexChoice) -> list[Requirement]:
        """Return the packages' declarations without one another; ``choice`` names the indexes.

        Raises:
            ContextError: A local package is needed that was not given; an index that cannot be asked.
        """
        found: list[Requirement] = []
        for package in self.by_name.values():
            refuse_dynamic(package)
            for declared in declared_of(package, selected[package.name]):
                found += self._sourced(declared.requirement, package.settings, declared.extra, declared.group, choice)
        return found

    def named(self, files: Iterable[RequirementsFile], choice: IndexChoice | None = None) -> list[Requirement]:
        """Return the requirements of requirements files without the packages; ``choice`` as for ``external``.

        Raises:
            ContextError: A local package is needed that was not given; an index that cannot be asked.
        """
        return [
            found
            for file in files
            for requirement in file.requirements
            for found in self._sourced(requirement, self.root_settings, "", "", choice)
        ]

    def _sourced(
        self, requirement: Requirement, settings: ProjectSettings, extra: str, group: str, choice: IndexChoice | None
    ) -> Iterator[Requirement]:
        if requirement.name in self.by_name:
            return
        if is_local_url(requirement.url):
            raise _not_given(requirement, requirement.url)
        refuse_filled_in(requirement)
        # A lock has resolved them already.
        sources = () if requirement.url or choice is None else settings.sources_of(requirement.name)
        for found, source in apply_sources(requirement, sources, extra=extra, group=group):
            if source is not None and source.local:
                raise _not_given(requirement, source.local)
            if source is not None and source.index and choice is not None:
                refuse_one_index(found, source, self._index(settings, source.index), choice)
            yield found

    def _index(self, settings: ProjectSettings, name: str) -> Index | None:
        found = settings.index(name)
        others = (package.settings.index(name) for package in self.packages)
        return found or next((index for index in others if index is not None), None)

    def locked(self, lock: UvLock, selected: Mapping[str, SelectedPackage]) -> LockedRequirements:
        """Return the lock's requirements.

        Raises:
            ContextError: A local package is needed that was not given, or the lock is older than the packages.
        """
        pages = (index.url for settings in self._settings() for index in settings.indexes if index.kind == "links")
        found = walk_lock(lock, selected.values(), frozenset(pages))
        for name in sorted(found.local_packages - set(self.by_name)):
            local = lock.local(name)
            raise _not_given(Requirement(name, file=lock.file, text=name), local.source.value if local else "")
        for requirement in found.requirements:
            refuse_login(requirement.url, requirement.url, lock.file)
        for index in found.indexes.values():
            if index is not None:
                refuse_login(index.url, index.url, lock.file)
        refuse_stale(lock, found.requirements, self.by_name, selected)
        return found

    def default_index(self) -> str:
        """URL of the index that stands for PyPI, if the packages name one."""
        found = (settings.default for settings in self._settings())
        return next((index.url for index in found if index is not None), "")

    def uv_options(self) -> tuple[str, ...]:
        """The options of pip that the packages' settings ask for, beside those of indexes."""
        return tuple(dict.fromkeys(option for settings in self._settings() for option in settings.options))

    def _settings(self) -> list[IndexSettings]:
        return [settings for package in self.packages for settings in package.settings.asked]

    def refuse_unlisted(self, requirements: Iterable[Requirement]) -> None:
        """Refuse names that an index would be asked for and that belong to local packages below the root.

        Raises:
            ContextError: There is one.
        """
        asked = {
            found.name: found
            for found in requirements
            # With a hash no other distribution is accepted.
            if not found.url and not found.hashes and holds_on_linux(found.marker)
        }
        for name, path in sorted(find_local_packages(self.root, asked).items()):
            raise _not_given(asked[name], path)

    def refuse_local(self, file: RequirementsFile) -> None:
        """Refuse a path in a requirements file that is not one of the packages.

        Raises:
            ContextError: There is such a path.
        """
        paths = {os.path.normpath(found.path) for found in self.packages}
        for path, place in file.local_paths:
            if path in paths or os.path.relpath(path, self.root) in paths:
                continue
            name, _, text = place.partition(": ")
            raise _not_given(Requirement(path, file=name, text=text), path)

    def ordered(self, selected: Mapping[str, SelectedPackage]) -> tuple[LocalPackage, ...]:
        """Return each package after those that it needs.

        Raises:
            ArgsError: The packages form a cycle.
        """
        needs = {
            name: {
                found.requirement.name for found in declared_of(package, SelectedPackage(name, selected[name].extras))
            }
            for name, package in self.by_name.items()
        }
        return tuple(self.by_name[name] for name in in_order(needs))


def _not_given(requirement: Requirement, place: str) -> ContextError:
    return ContextError(
        f"The local package {requirement.name} is needed, but it is not among the packages.",
        path=requirement.place,
        why=f"it is local: {place}",
        next_step="Add its directory to packages.",
    )
