"""The Python of a parent image, as far as its reference names it, and the Python that packages need.

Decides which references name a version (``python:3.12-slim``, ``…/lambda/python:3.12``, ``…:python3.12-bookworm``) and
refuses packages that need another one, or that no Python can run together. Knows nothing about other references.
Leaves reading references to ``core.oci.reference`` and comparing to ``python_base.requirements.versions``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.errors import ArgsError
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.requirements.requirement import Requirement
from fast_container.python_base.requirements.versions import contradict, split_specifiers

_REPOSITORIES: Final = ("python", "aws-lambda-python")
_TAG: Final = re.compile(r"(?P<minor>3\.(?:[6-9]|[1-9][0-9]))(?P<patch>\.[0-9]{1,2}(?![0-9.]))?(?![0-9])")
_INSIDE: Final = re.compile(r"(?:^|[-_.])python-?(?P<minor>3\.(?:[6-9]|[1-9][0-9]))(?![0-9])")


def python_of(reference: str) -> str:
    """Return the version (``3.12`` or ``3.12.4``) of an image's Python, or "" if its reference does not name it."""
    try:
        parent = parse_reference(reference)
    except NotAReferenceError:
        return ""
    tag, last = parent.tag, parent.path.rpartition("/")[2]
    if not tag:
        return ""
    if last in _REPOSITORIES:
        found = _TAG.match(tag)
        return f"{found['minor']}{found['patch'] or ''}" if found else ""
    inside = _INSIDE.search(tag) or _INSIDE.search(f"{last}-") if "python" in tag or "python" in last else None
    return inside["minor"] if inside else ""


def refuse_other_python(packages: Sequence[LocalPackage], parent: str, version: str) -> None:
    """Refuse packages that cannot run on the parent's Python.

    Args:
        packages: The packages.
        parent: The parent's name, for messages.
        version: Its Python, as ``python_of`` returns it; "" if it is not known.

    Raises:
        ArgsError: With the package's file.
    """
    if not version:
        return
    held = f"=={version}" if version.count(".") > 1 else f"=={version}.*"
    for package in packages:
        for specifier in split_specifiers(package.requires_python) or ():
            if contradict(held, specifier):
                raise ArgsError(
                    f"{package.name} needs a Python that its parent image does not have.",
                    property_path="parent",
                    why=f"requires-python {package.requires_python} in {package.file}; {parent} has Python {version}",
                    next_step="Give a parent with a Python that fits, or correct requires-python.",
                )


def refuse_python_conflict(packages: Sequence[LocalPackage]) -> None:
    """Refuse packages that no Python can run together.

    Raises:
        ArgsError: With both files.
    """
    declared = [
        Requirement("python", specifiers=split_specifiers(found.requires_python) or (), file=found.file)
        for found in packages
    ]
    for index, one in enumerate(declared):
        for other in declared[index + 1 :]:
            for left in one.specifiers:
                for right in other.specifiers:
                    if contradict(left, right):
                        raise ArgsError(
                            "The packages need different versions of Python.",
                            property_path="packages",
                            why=f"requires-python {left} in {one.file}, {right} in {other.file}",
                            next_step="Make them agree, or give them different base images.",
                        )
