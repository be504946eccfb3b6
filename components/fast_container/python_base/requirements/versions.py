"""Versions and version specifiers of Python distributions: which ones cannot hold together.

Decides that nothing is concluded from versions that ``packaging`` cannot read (None), and no conflict is claimed.
Leaves the meaning of versions and specifiers to ``packaging``, which pip uses too, and the origin of specifiers to
``python_base.requirements.requirement``.
"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def is_version(text: str) -> bool:
    """Whether this is a version by PEP 440."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def split_specifiers(text: str) -> tuple[str, ...] | None:
    """Split and sort: ``>=1, <2`` → ``("<2", ">=1")``, without blanks and repetitions; None for invalid ones."""
    try:
        return tuple(sorted({str(each) for each in SpecifierSet(text)}))
    except InvalidSpecifier:
        return None


def exact_version(specifier: str) -> str:
    """Return ``1.2`` of ``==1.2``; "" for all else, ``==1.*`` among it."""
    if specifier.startswith("==="):
        return specifier[3:]
    return specifier[2:] if specifier.startswith("==") and not specifier.endswith(".*") else ""


def satisfies(version: str, specifier: str) -> bool | None:
    """Return whether a version satisfies one specifier; None if that is not known.

    Pre-releases are allowed, because an exact version was asked for.
    """
    try:
        return Specifier(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


def contradict(left: str, right: str) -> bool:
    """Whether no version can satisfy both specifiers; False if that is not known."""
    try:
        return SpecifierSet(f"{left},{right}").is_unsatisfiable()
    except InvalidSpecifier:
        return False
