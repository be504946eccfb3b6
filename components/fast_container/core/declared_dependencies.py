"""What some local packages need from the outside, taken together.

Decides which declarations count: each package's dependencies, the selected extras and groups, requirements and
constraints files, a lock. Local packages are resolved among those given and never appear as a requirement. Says
nothing about the packages' source, so an edit of it cannot change the result. Leaves the
packages to ``core.package_set``, files to ``core.requirements_file`` and ``core.uv_lock``, and installing to
``core.base_dockerfile``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fast_container.core.local_package import LocalPackage
from fast_container.core.package_set import Selected, read_packages
from fast_container.core.python_version import exact_version
from fast_container.core.requirement_conflicts import refuse_conflicts
from fast_container.core.requirement_merge import merge
from fast_container.core.requirements import Requirement
from fast_container.core.requirements_file import read_requirements_file
from fast_container.core.uv_lock import read_uv_lock
from fast_container.errors import ArgsError

__all__ = ["Dependencies", "Selected", "declared_dependencies"]


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What is to be installed before the packages themselves.

    Attributes:
        requirements: Third-party only; sorted, one for each distribution and marker.
        constraints: Sorted.
        options: pip's options of the requirements files, in their order.
        packages: The local packages, each behind those that it needs.
        selected_extras: Package name → its selected extras, those that other local packages ask for among them.
        notes: For the user, one line each.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    options: tuple[str, ...] = ()
    packages: tuple[LocalPackage, ...] = field(default=(), compare=False)
    selected_extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def requirements_text(self) -> str:
        """The requirements file that says all this, without the constraints."""
        return "".join(f"{line}\n" for line in (*self.options, *(found.line for found in self.requirements)))

    @property
    def constraints_text(self) -> str:
        """The constraints file; "" for none."""
        return "".join(f"{found.line}\n" for found in self.constraints)

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
    """Read and put together what the packages declare.

    Args:
        packages: Directories with a ``pyproject.toml``, relative to the root.
        root: Absolute path of the directory that all paths are relative to.
        extras: Names for every package that has them, or package name → names.
        groups: Likewise, dependency groups.
        requirements: Requirements files.
        constraints: A constraints file.
        lock: ``uv.lock``: exact versions and hashes of what the packages need.

    Raises:
        ArgsError: Requirements that cannot hold together, an extra or group that is not there, packages that need one
            another in a circle, two packages of one name.
        ContextError: A file cannot be read; a local package is needed that is not among the packages.
    """
    found = read_packages(root, packages)
    found.refuse_contradictions()
    selected = found.select(extras, groups)
    read = [read_requirements_file(root, path) for path in requirements]
    limits = [read_requirements_file(root, constraints, constraints=True)] if constraints else []
    for file in (*read, *limits):
        found.refuse_local(file)
    external = found.external(selected)
    named = [found.sourced(requirement, None) for file in read for requirement in file.requirements]
    named = [requirement for requirement in named if requirement.name not in found.by_name]
    limiting = [item for file in (*read, *limits) for item in file.constraints]
    refuse_conflicts([*external, *named, *limiting])
    options = [option for file in (*read, *limits) for option in file.options]
    if lock is not None:
        locked, more = found.locked(read_uv_lock(root, lock), selected)
        refuse_conflicts([*locked, *named, *limiting], property_path="lock")
        external = locked
        options += more
    merged = merge((*external, *named))
    notes = _hash_notes(merged)
    if notes:
        merged = tuple(replace(requirement, hashes=()) for requirement in merged)
    return Dependencies(
        requirements=merged,
        constraints=merge(limiting),
        options=tuple(dict.fromkeys(options)),
        packages=found.ordered(selected),
        selected_extras={name: tuple(sorted(wanted.extras)) for name, wanted in selected.items()},
        notes=notes,
    )


def _hash_notes(requirements: Sequence[Requirement]) -> tuple[str, ...]:
    with_hash = [found for found in requirements if found.hashes]
    without = [found for found in requirements if not found.hashes]
    if not with_hash or not without:
        return ()
    direct = [found for found in without if found.url]
    if len(direct) == len(without):
        names = ", ".join(found.name for found in direct)
        return (f"hashes are not checked: pip checks all or none, and {names} has a URL without one",)
    example = next(found for found in without if not found.url)
    raise ArgsError(
        f"{example.name} has no hash, and {with_hash[0].name} has",
        property_path="requirements",
        why=f"pip checks the hashes of all distributions or of none; {example.place}",
        next_step="give a lock, or requirements files that are compiled with hashes for all packages",
    )
