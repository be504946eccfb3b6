"""Which images stand on which: their order, what is ready, and circles.

Decides order and circles from names alone. Leaves what is done with the images to ``build.scheduler``, and their keys
to ``core.key``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fast_container.errors import ArgsError

Bases = Mapping[str, Collection[str]]
"""Name of an image → names of the base images that it stands on. A name that is no key is an image of the outside."""


def order(bases: Bases) -> tuple[str, ...]:
    """All images, each behind its bases; by name where the bases leave it open.

    Raises:
        ArgsError: Images stand on one another in a circle.
    """
    return tuple(name for level in levels(bases) for name in level)


def levels(bases: Bases) -> tuple[tuple[str, ...], ...]:
    """What can be built at once: first images without bases of ours, then those that stand on these alone, and so on.

    Raises:
        ArgsError: Images stand on one another in a circle.
    """
    done: set[str] = set()
    found: list[tuple[str, ...]] = []
    while len(done) < len(bases):
        level = ready(bases, done)
        if not level:
            raise _circle_error(find_circle({name: bases[name] for name in bases if name not in done}))
        found.append(level)
        done.update(level)
    return tuple(found)


def ready(bases: Bases, done: Collection[str], started: Collection[str] = ()) -> tuple[str, ...]:
    """Images that are neither done nor started and whose bases are all done, sorted."""
    return tuple(
        sorted(
            name
            for name, needed in bases.items()
            if name not in done and name not in started and all(base in done or base not in bases for base in needed)
        )
    )


def consumers(bases: Bases, name: str) -> tuple[str, ...]:
    """Images that stand on one, directly or by way of others, sorted."""
    above: dict[str, list[str]] = {}
    for consumer, needed in bases.items():
        for base in needed:
            above.setdefault(base, []).append(consumer)
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for consumer in above.get(waiting.pop(), ()):
            if consumer not in found:
                found.add(consumer)
                waiting.append(consumer)
    return tuple(sorted(found))


def closure(bases: Bases, names: Collection[str]) -> tuple[str, ...]:
    """Those images and all that they stand on, each behind its bases.

    Raises:
        ArgsError: Images stand on one another in a circle.
    """
    needed: dict[str, Collection[str]] = {}
    waiting = [name for name in names if name in bases]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = bases[name]
            waiting += [base for base in bases[name] if base in bases]
    return order(needed)


def refuse_circles(bases: Bases) -> None:
    """Refuse images that stand on one another in a circle.

    Raises:
        ArgsError: With the circle spelled out.
    """
    levels(bases)


def find_circle(bases: Bases) -> tuple[str, ...]:
    """One circle, its first image again at the end; empty where there is none."""
    finished: set[str] = set()
    for start in sorted(bases):
        path: list[str] = []
        # Each step holds the bases of path's last image that were not followed yet.
        steps: list[list[str]] = [[start]]
        while steps:
            if not steps[-1]:
                steps.pop()
                if path:
                    finished.add(path.pop())
                continue
            name = steps[-1].pop()
            if name in path:
                return (*path[path.index(name) :], name)
            if name in finished or name not in bases:
                continue
            path.append(name)
            steps.append(sorted(bases[name], reverse=True))
    return ()


def _circle_error(circle: tuple[str, ...]) -> ArgsError:
    return ArgsError(
        "Base images stand on one another in a circle",
        property_path="base_images",
        why=" → ".join(circle),
        next_step="take one of these base images out",
    )
