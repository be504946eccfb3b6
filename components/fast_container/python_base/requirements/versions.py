"""Versions and version specifiers of Python distributions: which ones cannot hold together.

Decides what is said of what ``packaging`` cannot read: nothing is known of it (None), and no conflict is claimed.
Leaves what versions and specifiers mean to ``packaging``, which pip uses too, and where specifiers come from to
``python_base.requirements.requirement``.
"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def is_version(text: str) -> bool:
    """Whether PEP 440 allows a version."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def split_specifiers(text: str) -> tuple[str, ...] | None:
    """``>=1, <2`` → ``("<2", ">=1")``: sorted, without blanks and repetitions; None for what cannot be read."""
    try:
        return tuple(sorted({str(each) for each in SpecifierSet(text)}))
    except InvalidSpecifier:
        return None


def exact_version(specifier: str) -> str:
    """``1.2`` of ``==1.2``; "" for all else, ``==1.*`` among it."""
    if specifier.startswith("==="):
        return specifier[3:]
    return specifier[2:] if specifier.startswith("==") and not specifier.endswith(".*") else ""


def satisfies(version: str, specifier: str) -> bool | None:
    """Whether a version satisfies one specifier; None where that is not known.

    Whether pre-releases are wanted at all is not asked: an exact version was asked for.
    """
    try:
        return Specifier(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


def contradict(left: str, right: str) -> bool:
    """Whether no version can satisfy both specifiers; False where that is not known."""
    try:
        return SpecifierSet(f"{left},{right}").is_unsatisfiable()
    except InvalidSpecifier:
        return False
