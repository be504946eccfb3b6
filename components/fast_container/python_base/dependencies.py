"""The external requirements of some local packages, taken together.

Decides which declarations count: each package's dependencies, the selected extras and groups, requirements and
constraints files, a lock. Local packages are resolved among those given and never appear as a requirement. Does not
read the packages' source, so an edit of it cannot change the result. Leaves the packages to
``python_base.package_set``, files to ``python_base.requirements.requirements_file`` and
``python_base.locks.uv_lock``, and installing to ``python_base.dockerfile``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fast_container.errors import ArgsError
from fast_container.python_base.indexes.install_steps import InstallStep, install_steps
from fast_container.python_base.indexes.package_indexes import Index
from fast_container.python_base.locks.selected_declarations import Selected
from fast_container.python_base.locks.uv_lock import UvLock, read_uv_lock
from fast_container.python_base.locks.uv_lock_walk import SelectedPackage
from fast_container.python_base.package_set import PackageSet, read_packages
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.requirements.conflicts import refuse_conflicts
from fast_container.python_base.requirements.merge import merge
from fast_container.python_base.requirements.requirement import Requirement
from fast_container.python_base.requirements.requirements_file import RequirementsFile, read_requirements_file
from fast_container.python_base.requirements.versions import exact_version

__all__ = ["Dependencies", "Selected", "declared_dependencies"]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The distributions to install before the packages themselves.

    Attributes:
        requirements: Third-party only; sorted, one for each distribution and marker.
        constraints: Sorted.
        steps: The runs of the installer.
        packages: The local packages, each after those that it needs.
        build_index: URL of the index for wheels' build backends; "" for PyPI.
        ordered_indexes: Package indexes that are asked before all others, so that a private name is never asked of
            PyPI. Only uv keeps an order.
        notes: For the user, one line each.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    steps: tuple[InstallStep, ...] = ()
    packages: tuple[LocalPackage, ...] = field(default=(), compare=False)
    build_index: str = ""
    ordered_indexes: tuple[Index, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def constraints_text(self) -> str:
        """The constraints file; "" without constraints."""
        return "".join(f"{found.line}\n" for found in self.constraints)

    @property
    def versions(self) -> dict[str, str]:
        """Distribution → its version or specifier as a person would say it: ``2.31.0``, ``<3,>=2``, a URL."""
        asked: dict[str, list[str]] = {}
        for found in self.requirements:
            asked.setdefault(found.name, []).append(_asked(found))
        return {name: " or ".join(dict.fromkeys(each)) for name, each in asked.items()}

    @property
    def unpinned(self) -> tuple[str, ...]:
        """Names of distributions whose version the declarations leave open."""
        pinned = {
            found.name
            for found in (*self.requirements, *self.constraints)
            if found.url or any(exact_version(specifier) for specifier in found.specifiers)
        }
        return tuple(sorted({found.name for found in self.requirements} - pinned))


def declared_dependencies(
    packages: Sequence[str],
    *,
    root: str,
    extras: Selected = (),
    groups: Selected = (),
    requirements: Sequence[str] = (),
    constraints: str | None = None,
    lock: str | None = None,
) -> Dependencies:
    """Read and put together the declarations of the packages.

    Args:
        packages: Directories with a ``pyproject.toml``, relative to the root.
        root: Absolute path of the directory that all paths are relative to.
        extras: Names for every package that has them, or package name → names.
        groups: Likewise, dependency groups.
        requirements: Requirements files.
        constraints: A constraints file.
        lock: ``uv.lock``: exact versions and hashes of the packages' dependencies.

    Raises:
        ArgsError: Requirements that cannot hold together, an extra or group that does not exist, packages that form a
            cycle, two packages of one name.
        ContextError: A file cannot be read; a local package is needed that is not among the packages.
    """
    if not packages and not requirements:
        raise ArgsError(
            "There is nothing to install.",
            property_path="packages",
            next_step="Give packages=, requirements= or a Dockerfile of your own.",
        )
    found = read_packages(root, packages)
    found.refuse_contradictions()
    read = [read_requirements_file(root, path) for path in requirements]
    limits = [read_requirements_file(root, constraints, constraints=True)] if constraints else []
    for file in (*read, *limits):
        found.refuse_local(file)
    if lock is None:
        return _Declarations(found, read, limits, found.select(extras, groups)).open()
    chosen = read_uv_lock(root, lock)
    return _Declarations(found, read, limits, found.select(extras, groups, chosen)).locked(chosen)


@dataclass(frozen=True, slots=True)
class _Declarations:
    """The declarations of packages and files, before anything is put together."""

    found: PackageSet
    read: Sequence[RequirementsFile]
    limits: Sequence[RequirementsFile]
    selected: Mapping[str, SelectedPackage]

    @property
    def options(self) -> list[str]:
        return [option for file in (*self.read, *self.limits) for option in file.options]

    @property
    def limiting(self) -> list[Requirement]:
        return [item for file in (*self.read, *self.limits) for item in file.constraints]

    def open(self) -> Dependencies:
        """Return the dependencies without a lock: the newest versions that fit."""
        choice = self.found.indexes(self.options)
        wanted = [*self.found.external(self.selected, choice), *self.found.named(self.read, choice)]
        limiting = [*choice.constraints, *self.limiting]
        refuse_conflicts([*wanted, *limiting])
        merged, notes = _with_even_hashes(merge(wanted))
        self.found.refuse_unlisted(merged)
        passed = self.found.passed_over(self.selected)
        options = tuple(dict.fromkeys([*choice.options, *self.options]))
        return self._dependencies(
            merged, limiting, install_steps(merged, options, {}), (*notes, *passed, *choice.notes), choice.ordered
        )

    def locked(self, lock: UvLock) -> Dependencies:
        """Return the dependencies with the versions of a lock."""
        named = self.found.named(self.read)
        locked = self.found.locked(lock, self.selected)
        refuse_conflicts([*locked.requirements, *named, *self.limiting], property_path="lock")
        merged = merge([*locked.requirements, *named])
        chosen = [item for item in merged if (item.name, item.marker) in locked.indexes]
        more, notes = _with_even_hashes([item for item in merged if (item.name, item.marker) not in locked.indexes])
        self.found.refuse_unlisted(more)
        merged = tuple(sorted((*chosen, *more), key=lambda item: (item.name, item.marker)))
        options = (*self.found.uv_options(), *self.options)
        steps = install_steps(merged, tuple(dict.fromkeys(options)), locked.indexes, self.found.default_index())
        return self._dependencies(merged, self.limiting, steps, (*_unchecked(chosen), *notes))

    def _dependencies(
        self,
        requirements: tuple[Requirement, ...],
        limiting: Sequence[Requirement],
        steps: tuple[InstallStep, ...],
        notes: tuple[str, ...],
        ordered_indexes: tuple[Index, ...] = (),
    ) -> Dependencies:
        return Dependencies(
            requirements=requirements,
            constraints=merge(limiting),
            steps=steps,
            packages=self.found.ordered(self.selected),
            build_index=self._build_index(steps),
            ordered_indexes=ordered_indexes,
            notes=notes,
        )

    def _build_index(self, steps: Sequence[InstallStep]) -> str:
        """Return the packages' own default index, else that of the last step, which uses the default index."""
        named = [option for step in steps[-1:] for option in step.options if option.startswith("--index-url ")]
        return self.found.default_index() or next((option.partition(" ")[2] for option in named), "")


def _asked(found: Requirement) -> str:
    exact = next((version for version in map(exact_version, found.specifiers) if version), "")
    version = found.url or exact or ",".join(found.specifiers) or "any version"
    return f"{version} [{','.join(found.extras)}]" if found.extras else version


def _unchecked(locked: Sequence[Requirement]) -> tuple[str, ...]:
    names = [found.name for found in locked if not found.hashes]
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return (f"hashes are not checked for {shown}: the lock has none",) if names else ()


def _with_even_hashes(requirements: Sequence[Requirement]) -> tuple[tuple[Requirement, ...], tuple[str, ...]]:
    """Return requirements with hashes for all or for none, as pip wants them, and notes for the user about it."""
    with_hash = [found for found in requirements if found.hashes]
    without = [found for found in requirements if not found.hashes]
    if not with_hash or not without:
        return tuple(requirements), ()
    if all(found.url for found in without):
        names = ", ".join(found.name for found in without)
        note = f"hashes are not checked: pip checks all or none, and {names} has a URL without one"
        return tuple(replace(requirement, hashes=()) for requirement in requirements), (note,)
    example = next(found for found in without if not found.url)
    raise ArgsError(
        f"{example.name} has no hash, but {with_hash[0].name} has one.",
        property_path="requirements",
        why=f"pip checks the hashes of all distributions or of none; {example.place}",
        next_step="Give a lock, or requirements files that are compiled with hashes for all packages.",
    )
