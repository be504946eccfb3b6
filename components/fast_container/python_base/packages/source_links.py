"""Links in the source of local packages, whose targets a wheel build needs.

Decides which files have to be beside a package's own directory, so that a README or a license that is shared by a link
is found as on the host. Any other link out of the package is refused: pip follows it on the host and takes the modules
in its target into the wheel, but they are part of no declared package. Leaves which files of a package count to
``python_base.packages.wheel_source``.
"""

# ruff: noqa: PTH110, PTH112, PTH113, PTH115, PTH117, PTH118, PTH120 - paths are strings, relative to the root

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.ignore.rules import IgnoreRules, State
from fast_container.errors import ContextError
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.packages.wheel_source import ANYWHERE, is_copyable

_CODE: Final = (".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".so", ".toml")


@dataclass(frozen=True, slots=True)
class LinkedSources:
    """Targets of links that would not count without them.

    Attributes:
        beside: Package name → paths outside of its directory, relative to the root; sorted.
        inside: Paths inside of packages' directories.
    """

    beside: dict[str, tuple[str, ...]]
    inside: tuple[str, ...]

    @property
    def patterns(self) -> tuple[str, ...]:
        """Ignore patterns to follow those of ``wheel_source``."""
        paths = sorted({*self.inside, *(path for paths in self.beside.values() for path in paths)})
        return (*(f"!{path}" for path in paths), *(f"**/{name}" for name in ANYWHERE)) if paths else ()


def linked_sources(packages: Sequence[LocalPackage], patterns: Sequence[str], *, root: str) -> LinkedSources:
    """Find the targets of links in the packages' sources.

    Args:
        packages: The packages.
        patterns: Ignore patterns that leave their sources, of ``wheel_source``.
        root: Absolute path of the root.

    Raises:
        ContextError: A link cannot be kept.
    """
    rules = IgnoreRules.parse(b"", file="packages", extra=patterns)
    everything = IgnoreRules.parse(b"", file="packages", extra=tuple(f"**/{name}" for name in ANYWHERE))
    beside: dict[str, tuple[str, ...]] = {}
    inside: set[str] = set()
    for package in packages:
        outside: set[str] = set()
        waiting = [(package.path, rules)]
        while waiting:
            path, counted = waiting.pop()
            for link in _links(root, path, counted):
                target = _target(root, package, link)
                if not target or target in outside or target in inside:
                    continue
                if _is_in(target, package.path):
                    if not rules.ignores(target):
                        continue
                    inside.add(target)
                elif _is_document(root, package, link, target):
                    outside.add(target)
                else:
                    raise _refused(package, link, f"it leads to {target}, outside of {package.path}")
                waiting.append((target, everything))
        if outside:
            beside[package.name] = tuple(sorted(outside))
    return LinkedSources(beside, tuple(sorted(inside)))


def _links(root: str, path: str, rules: IgnoreRules) -> Iterator[str]:
    """Yield the links of a directory that are not ignored."""
    state, done = rules.start(), ""
    for part in path.split("/") if path != "." else ():
        done = f"{done}/{part}" if done else part
        _, state = rules.step(state, done)
    if os.path.isdir(os.path.join(root, path)):
        yield from _walk(root, "" if path == "." else path, rules, state)


def _walk(root: str, path: str, rules: IgnoreRules, state: State) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(root, path)) as opened:
            entries = sorted(opened, key=lambda entry: entry.name)
    except OSError as error:
        raise ContextError("A package's source cannot be read.", path=path, why=str(error.strerror)) from None
    for entry in entries:
        inside = f"{path}/{entry.name}" if path else entry.name
        ignored, inner = rules.step(state, inside)
        if entry.is_symlink():
            if not ignored:
                yield inside
        elif entry.is_dir(follow_symlinks=False) and not (ignored and rules.may_prune(inside)):
            yield from _walk(root, inside, rules, inner)


def _target(root: str, package: LocalPackage, link: str) -> str:
    """Return the target of a link, relative to the root; "" if it does not exist on the host either."""
    text = os.readlink(os.path.join(root, link))
    if not os.path.exists(os.path.join(root, link)):
        return ""
    if os.path.isabs(text):
        raise _refused(package, link, f"it leads to {text}, a path of this machine")
    target = os.path.normpath(os.path.join(os.path.dirname(link), text))
    if target == ".." or target.startswith("../"):
        raise _refused(package, link, f"it leads to {text}, outside of the root of the packages")
    if _is_in(package.path, target):
        raise _refused(package, link, f"it leads to {text}, which holds the package itself")
    real = os.path.realpath(os.path.join(root, target))
    if real != os.path.join(os.path.realpath(root), target):
        raise _refused(package, link, f"it leads to {text}, and that through another link")
    if not is_copyable(target):
        raise _refused(package, link, f"it leads to {text}, a name that a Dockerfile cannot copy")
    return target


def _is_document(root: str, package: LocalPackage, link: str, target: str) -> bool:
    """Whether a link shares one file of the package's top that is not code: a README, a license."""
    at_the_top = os.path.dirname(link) == package.path
    return at_the_top and not target.endswith(_CODE) and os.path.isfile(os.path.join(root, target))


def _is_in(path: str, directory: str) -> bool:
    return directory in (".", path) or path.startswith(f"{directory}/")


def _refused(package: LocalPackage, link: str, why: str) -> ContextError:
    return ContextError(
        f"A link in the source of {package.name} has no target where its wheel is built.",
        path=link,
        why=why,
        next_step="Put what it leads to into the package, or make it a package of its own and depend on it.",
    )
