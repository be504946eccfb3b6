"""The selected declarations of a local package: by extras, by dependency groups.

Decides how a selection is written (for all packages, or by name) and that every selected name is declared. Leaves what
packages ask of one another to ``python_base.package_set``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fast_container.errors import ArgsError
from fast_container.python_base.locks.uv_lock import UvLock
from fast_container.python_base.locks.uv_lock_walk import SelectedPackage
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.requirements.requirement import Requirement, normalise_name

Selected = Mapping[str, Sequence[str]] | Sequence[str]
"""Extras or groups: of each package that has them, or by package name."""


@dataclass(frozen=True, slots=True)
class DeclaredRequirement:
    """A requirement, and the extra or group that declares it."""

    requirement: Requirement
    extra: str = ""
    group: str = ""


def declared_of(package: LocalPackage, wanted: SelectedPackage) -> list[DeclaredRequirement]:
    """Return the selected declarations of a package."""
    found = [DeclaredRequirement(requirement) for requirement in package.dependencies]
    for extra in sorted(wanted.extras):
        found += [DeclaredRequirement(requirement, extra=extra) for requirement in package.extras.get(extra, ())]
    for group in sorted(wanted.groups):
        found += [DeclaredRequirement(requirement, group=group) for requirement in package.groups.get(group, ())]
    return found


def extras_of(package: LocalPackage, lock: UvLock | None) -> set[str]:
    """Return the extras of a package; if they are dynamic, those that a lock knows."""
    local = lock.local(package.name) if lock and "optional-dependencies" in package.dynamic else None
    return set(local.extras if local else package.extras)


def by_package(
    selected: Selected, packages: Mapping[str, LocalPackage], what: str, there: Mapping[str, set[str]]
) -> dict[str, set[str]]:
    """Return package name → the names that are selected of it.

    Args:
        selected: As the user wrote it.
        packages: By normalised name.
        what: The argument, for messages.
        there: Package name → the names that it declares.

    Raises:
        ArgsError: A package or a name that does not exist.
    """
    wanted: dict[str, set[str]] = {name: set() for name in packages}
    if isinstance(selected, str):
        raise ArgsError(
            f"{what} is a string, not a list of names.", property_path=what, next_step=f'Write ["{selected}"].'
        )
    if isinstance(selected, Mapping):
        for package, names in selected.items():
            found = normalise_name(package)
            if found not in packages:
                raise ArgsError(f"{package!r} is not one of the packages.", property_path=f'{what}["{package}"]')
            wanted[found] |= {normalise_name(name) for name in names}
            _refuse_missing(wanted[found] - there[found], f'{what}["{package}"]', packages[found].file)
        return wanted
    names = {normalise_name(name) for name in selected}
    _refuse_missing(names - set[str]().union(*there.values()), what, "any of the packages")
    return {package: names & there[package] for package in packages}


def _refuse_missing(missing: Iterable[str], property_path: str, where: str) -> None:
    for name in sorted(missing):
        raise ArgsError(f"{name!r} is not declared in {where}", property_path=property_path)
