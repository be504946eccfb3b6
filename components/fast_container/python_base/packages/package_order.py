"""The order of local packages: each after those that it needs.

Decides that packages that do not need each other are in the order of their names. The order is part of the Dockerfile,
and so of the build key: depth first, which ``graphlib`` does not give.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fast_container.errors import ArgsError


def in_order(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return the names in order; needs without an entry are not local packages.

    Args:
        needs: Package → its needs.

    Raises:
        ArgsError: The packages form a cycle.
    """
    done: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ArgsError(
                "The packages form a cycle.",
                property_path="packages",
                why=" → ".join((*above[above.index(name) :], name)),
                next_step="Take one of these dependencies out.",
            )
        if name in done:
            return
        for other in sorted((set(needs[name]) & needs.keys()) - {name}):
            visit(other, (*above, name))
        done[name] = None

    for name in sorted(needs):
        visit(name, ())
    return tuple(done)
