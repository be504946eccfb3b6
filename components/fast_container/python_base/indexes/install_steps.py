"""The steps in which an installer gets third-party distributions, and the index of each.

Decides that distributions that a lock takes from different indexes are installed in steps of their own, each of which
asks one index alone and only for the names that it is given: so a name of a private index is never asked of PyPI, and
hashes are checked wherever there are any. Without a lock there is one step, with all indexes of the declarations.
Leaves the command to ``python_base.dockerfile``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fast_container.python_base.indexes.package_indexes import PYPI
from fast_container.python_base.requirements.requirement import Requirement

LockedKey = tuple[str, str]
"""Name and marker of a requirement."""

_OF_INDEXES = ("--index-url", "--extra-index-url", "--find-links", "--no-index")


@dataclass(frozen=True, slots=True)
class LockedIndex:
    """The place from which a lock takes a distribution.

    Attributes:
        url: Of the index or the page of links.
        is_page: Whether it is a page of links.
        needs_building: Whether there is no wheel of the distribution.
    """

    url: str
    is_page: bool = False
    needs_building: bool = False


@dataclass(frozen=True, slots=True)
class InstallStep:
    """One run of the installer.

    Attributes:
        requirements: Sorted.
        options: pip's options, in their order.
        alone: Whether only the requirements are installed.
    """

    requirements: tuple[Requirement, ...]
    options: tuple[str, ...] = ()
    alone: bool = False

    @property
    def text(self) -> str:
        """The requirements file."""
        return "".join(f"{line}\n" for line in (*self.options, *(found.line for found in self.requirements)))


def install_steps(
    requirements: Sequence[Requirement],
    options: Sequence[str],
    locked: Mapping[LockedKey, LockedIndex | None],
    default: str = "",
) -> tuple[InstallStep, ...]:
    """Return the steps, the last one with the default index.

    Args:
        requirements: Third-party only; sorted.
        options: pip's options of the declarations and of requirements files.
        locked: The lock's index of each; None for a direct reference. Empty without a lock.
        default: URL of the index that stands for PyPI, if one is named.
    """
    if not locked:
        return (InstallStep(tuple(requirements), tuple(options)),) if requirements else ()
    main = _main({index.url for index in locked.values() if index and not index.is_page}, default)
    more = tuple(option for option in options if not option.startswith(_OF_INDEXES))
    groups: dict[tuple[bool, str, bool], list[Requirement]] = {}
    rest: list[Requirement] = []
    for found in requirements:
        key = (found.name, found.marker)
        if key not in locked:
            rest.append(found)
            continue
        index = locked[key]
        url = index.url if index else main
        groups.setdefault((url == main, url, bool(found.hashes)), []).append(found)
    steps = [
        InstallStep(
            tuple(group),
            (*_options(url, main, [locked[found.name, found.marker] for found in group], hashed), *more),
            alone=True,
        )
        for (_, url, hashed), group in sorted(groups.items())
    ]
    if rest:
        own = () if any(option.startswith("--index-url") for option in options) else _options(main, main, (), False)
        steps.append(InstallStep(tuple(rest), (*own, *options)))
    return tuple(steps)


def _main(urls: set[str], default: str) -> str:
    """Return the index for distributions without one in the lock: build backends, direct references."""
    if default and default in urls:
        return default
    if PYPI in urls or len(urls) != 1:
        return PYPI
    return next(iter(urls))


def _options(url: str, main: str, indexes: Iterable[LockedIndex | None], hashed: bool) -> tuple[str, ...]:
    found = [index for index in indexes if index is not None]
    # A build backend may be elsewhere; with hashes no other distribution of the name is accepted.
    build = hashed and url != main and any(index.needs_building for index in found)
    if any(index.is_page for index in found):
        return (*(_of(main) if build else ("--no-index",)), f"--find-links {url}")
    return (*_of(url), *((f"--extra-index-url {main}",) if build else ()))


def _of(url: str) -> tuple[str, ...]:
    return () if url == PYPI else (f"--index-url {url}",)
