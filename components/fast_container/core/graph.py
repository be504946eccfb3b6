"""The order of images: bases first.

Decides the error for a cycle, and that names settle what the bases leave open. Leaves sorting to ``graphlib``, what is
built at once to ``build.scheduler``, and keys to ``core.key``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from fast_container.errors import ArgsError

Bases = Mapping[str, Collection[str]]
"""Name of an image → names of its base images. A name without an entry is an external image."""


def order(bases: Bases) -> tuple[str, ...]:
    """Sort all images so that each comes after its bases; otherwise by name.

    Raises:
        ArgsError: Base images form a cycle.
    """
    sorter = TopologicalSorter({name: sorted(set(bases[name]) & bases.keys()) for name in sorted(bases)})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ArgsError(
            "Base images form a cycle.",
            property_path="base_images",
            why=" → ".join(reversed(error.args[1])),
            next_step="Take one of these base images out.",
        ) from None
    found: list[str] = []
    while sorter.is_active():
        level = sorted(sorter.get_ready())
        found += level
        sorter.done(*level)
    return tuple(found)


def closure(bases: Bases, names: Collection[str]) -> tuple[str, ...]:
    """List images and everything that they are based on, each after its bases.

    Raises:
        ArgsError: Base images form a cycle.
    """
    needed: dict[str, Collection[str]] = {}
    waiting = [name for name in names if name in bases]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = bases[name]
            waiting += [base for base in bases[name] if base in bases]
    return order(needed)
