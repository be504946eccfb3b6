"""The arguments of ``BaseImage`` that describe what it installs.

Decides their shapes and defaults. Leaves the content of the files to ``python_base.dependencies``, and which arguments
exclude each other to ``python_base.spec``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from fast_container.errors import ArgsError, bracketed
from fast_container.python_base.spec import DEFAULT_PARENT
from fast_container.shapes import check_mapping, check_path, check_paths, check_plain, check_string, check_strings
from fast_container.state.bases import BaseInput, check_base

Names: TypeAlias = "Sequence[str] | Mapping[str, Sequence[str]]"


class BaseArguments(NamedTuple):
    """The packages of a base image, and how they are installed; see ``BaseImage``."""

    root: str
    packages: tuple[str, ...]
    extras: Names
    groups: Names
    requirements: tuple[str, ...]
    constraints: str | None
    lock: str | None
    parent: str | BaseInput
    parent_user: str
    installer: str
    build_requirements: str | None
    versions: Mapping[str, str]


def base_arguments(given: Mapping[str, Any]) -> BaseArguments:
    """Return the arguments, each in its shape; None is one that was not given.

    Raises:
        ArgsError: One has another shape.
    """
    return BaseArguments(
        root=_path(given, "root") or ".",
        packages=check_paths(_value(given, "packages", ()), "packages"),
        extras=_names(given, "extras"),
        groups=_names(given, "groups"),
        requirements=check_paths(_value(given, "requirements", ()), "requirements"),
        constraints=_path(given, "constraints"),
        lock=_path(given, "lock"),
        parent=_parent(_value(given, "parent", DEFAULT_PARENT)),
        parent_user=check_string(_value(given, "parent_user", ""), "parent_user"),
        installer=check_string(_value(given, "installer", "pip"), "installer"),
        build_requirements=_path(given, "build_requirements"),
        versions=_versions(given),
    )


def _value(given: Mapping[str, Any], name: str, default: object) -> object:
    value = given.get(name)
    return default if value is None else value


def _path(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not (found := check_path(value, name)):
        raise ArgsError(f"{name} is empty.", property_path=name)
    return found


def _names(given: Mapping[str, Any], name: str) -> Names:
    value = _value(given, name, ())
    check_plain(value, name)
    if not isinstance(value, Mapping):
        return check_strings(value, name)
    by_package = check_mapping(cast(object, value), name, f'{name}={{"package": ["name"]}}')
    return {package: check_strings(names, f"{name}{bracketed(package)}") for package, names in by_package.items()}


def _versions(given: Mapping[str, Any]) -> dict[str, str]:
    value = _value(given, "versions", {})
    check_plain(value, "versions")
    by_package = check_mapping(value, "versions", 'versions={"package": "1.2.3"}')
    return {name: check_string(version, f"versions{bracketed(name)}") for name, version in by_package.items()}


def _parent(parent: object) -> str | BaseInput:
    return (
        check_string(parent, "parent", may_be_empty=False) if isinstance(parent, str) else check_base(parent, "parent")
    )
