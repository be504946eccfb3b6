"""Requirements that cannot hold together, found without asking an index.

Decides which pairs are compared (same distribution, same marker) and the message. Leaves the comparison of versions to
``python_base.requirements.versions``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from fast_container.errors import ArgsError
from fast_container.python_base.requirements.requirement import Requirement
from fast_container.python_base.requirements.versions import contradict


def refuse_conflicts(requirements: Iterable[Requirement], *, property_path: str = "packages") -> None:
    """Refuse two requirements of one distribution that no version satisfies, or two different URLs.

    Requirements under different markers may never hold at once, so they are not compared.

    Raises:
        ArgsError: With both places.
    """
    groups: dict[tuple[str, str], list[Requirement]] = {}
    for requirement in requirements:
        groups.setdefault((requirement.name, requirement.marker), []).append(requirement)
    for (name, _), group in sorted(groups.items()):
        found = _conflict(group)
        if found is not None:
            one, other, why = found
            raise ArgsError(
                f"The requirements of {name} cannot hold together.",
                property_path=property_path,
                why=f"{one.place} and {other.place}: {why}",
                next_step="Make them agree: one image has one version of a distribution.",
            )


def _conflict(group: Sequence[Requirement]) -> tuple[Requirement, Requirement, str] | None:
    for one in group:
        for left, right in combinations(one.specifiers, 2):
            if contradict(left, right):
                return one, one, f"{left} excludes {right}"
    for one, other in combinations(group, 2):
        if one.url and other.url and one.url != other.url:
            return one, other, "two different URLs"
        for left in one.specifiers:
            for right in other.specifiers:
                if contradict(left, right):
                    return one, other, f"{left} excludes {right}"
    return None
