"""Versions of local packages that their build takes from git.

Decides which packages' versions are made from git's history, which is not in the build context, and how each tool is
told a version instead. Leaves which versions are given to ``python_base.spec``.
Sources: the documentation of setuptools-scm, hatch-vcs, PDM, pbr, uv-dynamic-versioning, poetry-dynamic-versioning,
versioningit, setuptools-git-versioning, Versioneer.
"""

# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.errors import ArgsError, ContextError, bracketed
from fast_container.python_base.packages.local_package import LocalPackage
from fast_container.python_base.requirements.requirement import normalise_name
from fast_container.python_base.requirements.versions import is_version
from fast_container.python_base.toml_table import TomlTable

_SCM: Final = "SETUPTOOLS_SCM_PRETEND_VERSION"
_NAME: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class VersionTool:
    """A tool that computes a package's version.

    Attributes:
        name: Of the tool.
        variable: The environment variable that it takes a version from; "" without one.
    """

    name: str
    variable: str = ""


def version_tool(package: LocalPackage, root: str) -> VersionTool | None:
    """Return the tool that takes a package's version from git; None if git is not needed."""
    document = package.document
    tool = document.table("tool")
    builder = document.table("build-system")
    needs = {normalise_name(found[1]) for text in builder.texts("requires") if (found := _NAME.match(text))}
    if tool.table("poetry-dynamic-versioning").flag("enable"):
        return VersionTool("poetry-dynamic-versioning", "POETRY_DYNAMIC_VERSIONING_BYPASS")
    if "version" not in document.table("project").texts("dynamic"):
        return None
    return (
        _of_hatch(tool.table("hatch", "version"))
        or _of_pdm(tool.table("pdm", "version"), builder)
        or _of_setuptools(tool, needs, builder, _scripts(package, root))
    )


def package_versions(
    packages: Sequence[LocalPackage], versions: Mapping[str, str], *, root: str
) -> dict[str, tuple[str, str]]:
    """Return normalised name → the environment variable that gives a package its version, and the version.

    Args:
        packages: The packages whose wheels are built.
        versions: Given by the user, by package name.
        root: Absolute path that their paths are relative to.

    Raises:
        ArgsError: A version for a package that does not exist or does not take one, or that is not a version.
        ContextError: A package's version is made from git, and no version is given.
    """
    given = {normalise_name(name): (name, version) for name, version in versions.items()}
    for name, (written, version) in given.items():
        path = f"versions{bracketed(written)}"
        if name not in {package.name for package in packages}:
            raise ArgsError(f"{written!r} is not one of the packages.", property_path=path)
        if not is_version(version) or version != version.strip():
            raise ArgsError(f"{version!r} is not a version.", property_path=path, next_step="Write it as 1.2.3.")
    found: dict[str, tuple[str, str]] = {}
    for package in packages:
        tool = version_tool(package, root)
        written, version = given.get(package.name, ("", ""))
        if tool is None and version:
            raise ArgsError(
                f"The version of {package.name} is not made from git.",
                property_path=f"versions{bracketed(written)}",
                why=package.file,
                next_step="Change it where the package declares it.",
            )
        if tool is None:
            continue
        if not version or not tool.variable:
            raise ContextError(
                f"The version of {package.name} is made from git, which is not in the build context.",
                path=package.file,
                why=f"by {tool.name}" + ("" if tool.variable else ", which takes no version from elsewhere"),
                next_step=f'Give versions={{"{package.name}": "1.2.3"}}.' if tool.variable else "Declare a version.",
            )
        found[package.name] = (tool.variable, version)
    return found


def _of_hatch(version: TomlTable) -> VersionTool | None:
    source = version.text("source")
    if source == "vcs":
        fallback = "fallback-version" in version or "fallback_version" in version.table("raw-options")
        return None if fallback else VersionTool("hatch-vcs", _SCM)
    if source == "uv-dynamic-versioning":
        return VersionTool(source, "UV_DYNAMIC_VERSIONING_BYPASS")
    return VersionTool(source) if source == "versioningit" and "default-version" not in version else None


def _of_pdm(version: TomlTable, builder: TomlTable) -> VersionTool | None:
    if version.text("source") != "scm" or not builder.text("build-backend").startswith("pdm."):
        return None
    fallback = "fallback_version" in version or "fallback-version" in version
    return None if fallback else VersionTool("PDM", "PDM_BUILD_SCM_VERSION")


def _of_setuptools(tool: TomlTable, needs: set[str], builder: TomlTable, scripts: str) -> VersionTool | None:
    if "versioneer" in tool or "versioneer" in needs or re.search(r"\bversioneer\b", scripts):
        return VersionTool("Versioneer")
    if tool.table("setuptools-git-versioning").flag("enabled"):
        return VersionTool("setuptools-git-versioning")
    if "versioningit" in tool and "default-version" not in tool.table("versioningit"):
        return VersionTool("versioningit")
    if "pbr" in needs and re.search(r"\bpbr\b", scripts):
        return VersionTool("pbr", "PBR_VERSION")
    scm = tool.table("setuptools_scm")
    uses = (
        "setuptools_scm" in tool
        or "use_scm_version" in scripts
        or builder.text("build-backend").startswith("flit_scm")
        or any("setuptools" in text and "[simple]" in text for text in builder.texts("requires"))
    )
    return VersionTool("setuptools-scm", _SCM) if uses and "fallback_version" not in scm else None


def _scripts(package: LocalPackage, root: str) -> str:
    """Return the content of ``setup.py`` and ``setup.cfg``."""
    found: list[str] = []
    for name in ("setup.py", "setup.cfg"):
        try:
            with open(os.path.join(root, package.path, name), encoding="utf-8", errors="replace") as file:
                found.append(file.read())
        except OSError:
            continue
    return "\n".join(found)
