"""Requirements of several places, put together.

Decides that there is one requirement for each distribution and marker, and what an exact version makes superfluous.
Leaves contradictions to ``python_base.requirements.conflicts``, which is asked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fast_container.python_base.requirements.requirement import Requirement
from fast_container.python_base.requirements.versions import exact_version, satisfies


def merge(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Return one requirement for each distribution and marker, without those that an exact version satisfies."""
    groups: dict[tuple[str, str], list[Requirement]] = {}
    for requirement in requirements:
        groups.setdefault((requirement.name, requirement.marker), []).append(requirement)
    merged = [_one(group) for group in groups.values()]
    always = {found.name: found for found in merged if not found.marker}
    kept = [found for found in merged if not found.marker or not _implied(found, always.get(found.name))]
    return tuple(sorted(kept, key=lambda found: (found.name, found.marker)))


def _one(group: Sequence[Requirement]) -> Requirement:
    first = group[0]
    specifiers = sorted({specifier for found in group for specifier in found.specifiers})
    for candidate in specifiers:
        version = exact_version(candidate)
        if version and all(satisfies(version, other) for other in specifiers):
            specifiers = [candidate]
            break
    url = next((found.url for found in group if found.url), "")
    hashes = tuple(sorted({value for found in group for value in found.hashes}))
    extras = tuple(sorted({extra for found in group for extra in found.extras}))
    # pip accepts one URL or some versions, not both; whether a URL's version fits shows when it is installed.
    return replace(first, extras=extras, specifiers=() if url else tuple(specifiers), url=url, hashes=hashes)


def _implied(conditional: Requirement, always: Requirement | None) -> bool:
    """Whether a requirement under a marker adds nothing to those that hold always."""
    if always is None or conditional.url or not set(conditional.extras) <= set(always.extras):
        return False
    versions = [version for version in map(exact_version, always.specifiers) if version]
    return all(
        specifier in always.specifiers or any(satisfies(version, specifier) for version in versions)
        for specifier in conditional.specifiers
    )
