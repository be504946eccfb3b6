"""The refusal of a lock that is older than its packages.

Decides when a lock is too old: a declaration that the lock neither knows nor satisfies. Leaves what is locked to
``python_base.locks.uv_lock_walk``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fast_container.errors import ContextError
from fast_container.python_base.locks.selected_declarations import declared_of
from fast_container.python_base.locks.uv_lock import UvLock
from fast_container.python_base.locks.uv_lock_walk import SelectedPackage
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.requirements.requirement import Requirement
from fast_container.python_base.requirements.versions import exact_version, satisfies


def refuse_stale(
    lock: UvLock,
    locked: Sequence[Requirement],
    packages: Mapping[str, LocalPackage],
    selected: Mapping[str, SelectedPackage],
) -> None:
    """Refuse a lock without a version that fits a package's declaration.

    Args:
        lock: The lock.
        locked: Its requirements for the packages.
        packages: By normalised name.
        selected: Package name → its selected parts.

    Raises:
        ContextError: The lock is older than a package.
    """
    versions: dict[str, list[str]] = {}
    for found in locked:
        versions.setdefault(found.name, []).extend(map(exact_version, found.specifiers))
    for package in packages.values():
        known = lock.declared(package.name)
        for declared in declared_of(package, selected[package.name]):
            requirement = declared.requirement
            if requirement.name in packages or requirement.specifiers in known.get(requirement.name, ()):
                continue
            there = versions.get(requirement.name, [])
            if requirement.name not in known or (there and not any(_fits(item, requirement) for item in there)):
                raise ContextError(
                    f"The lock file is older than the packages: it has no {requirement.name} that fits.",
                    path=requirement.place,
                    why=f"{lock.file} has {', '.join(there) if there else 'none'}",
                    next_step="Run `uv lock` and commit the result.",
                )


def _fits(version: str, requirement: Requirement) -> bool:
    return all(satisfies(version, specifier) is not False for specifier in requirement.specifiers)
