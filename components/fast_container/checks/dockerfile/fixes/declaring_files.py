"""The files that an installation reads: those that declare dependencies, if it certainly reads no others.

Decides when an installation may run before the source is there: pip with requirements files that name nothing local,
npm, yarn and pnpm with a package that has no scripts for installing and no local dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from fast_container.checks.dockerfile.requirement_lines import context_path
from fast_container.checks.dockerfile.steps.installs import Install
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.core.go_path import clean
from fast_container.core.json_document import parse_json

_SAFE_OPTIONS: Final = re.compile(
    r"(?:--(?:index-url|extra-index-url|trusted-host|no-binary|only-binary|prefer-binary|pre|require-hashes|no-index)"
    r"|-i)(?:[ =].*)?"
)
_REQUIREMENT: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]/]*\])?\s*(?:(?:[=<>!~]=?|;|,)[^/@]*|@\s*https?://\S+.*)?"
)
_ELSEWHERE: Final = (
    "--target",
    "--prefix",
    "--root",
    "--src",
    "--constraint",
    "--constraints",
    "--find-links",
    "--group",
)
_SCRIPTS: Final = frozenset(
    ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish", "dependencies"]
)
_TABLES: Final = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "overrides",
    "resolutions",
)
_LOCAL: Final = re.compile(r"(?:file:|link:|portal:|patch:|workspace:|\.{1,2}/|/|~/).*")
_NODE_FILES: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "npm": (("package-lock.json", "npm-shrinkwrap.json"), ("npm-shrinkwrap.json", ".npmrc")),
    "yarn": (("yarn.lock",), (".npmrc", ".yarnrc")),
    "pnpm": (("pnpm-lock.yaml",), (".npmrc",)),
}
_NODE_WIDER: Final = frozenset(
    ["binding.gyp", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs", "lerna.json", ".yarn", "patches"]
)


def declaring_files(
    image: LintedImage, stage: Stage, step: Step, install: Install, placed: Mapping[str, str], directory: str
) -> list[str] | str:
    """List the files of the context that an installation reads, or say why that is not known.

    Args:
        image: The image.
        stage: The installation's stage.
        step: Its step.
        install: The installation.
        placed: File of the context → path in the image, for what was copied before.
        directory: The working directory; ``""`` if unknown.
    """
    if install.manager == "pip":
        return _of_pip(image, stage, step, install, placed, directory)
    if install.manager in _NODE_FILES:
        if install.names or any(option in install.values for option in ("--prefix", "--cwd", "--dir", "--file")):
            return "the installation names more than its project"
        return _of_node(image, install, placed, directory)
    return f"{install.manager} may read the source too"


def _of_pip(
    image: LintedImage, stage: Stage, step: Step, install: Install, placed: Mapping[str, str], directory: str
) -> list[str] | str:
    if install.local or any(option in install.values for option in _ELSEWHERE):
        return "the installation names local files, or a directory that the source may be in"
    found: list[str] = []
    for file in install.files:
        path = context_path(image, stage, step, file)
        text = image.files.text(path) if path else None
        wanted = file if file.startswith("/") or not directory else f"{directory}/{file}"
        if text is None or placed.get(path) != clean(wanted):
            return f"{file} was not found in the build context"
        if not all(_is_plain(line) for line in _lines(text)):
            return f"{path} names other files"
        found.append(path)
    return found


def _lines(text: str) -> list[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    lines = (re.sub(r"(?:^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line.partition(" --hash")[0].strip() for line in lines if line]


def _is_plain(line: str) -> bool:
    return (_SAFE_OPTIONS if line.startswith("-") else _REQUIREMENT).fullmatch(line) is not None


def _of_node(image: LintedImage, install: Install, placed: Mapping[str, str], directory: str) -> list[str] | str:
    here = f"{directory}/" if directory else ""
    at_place = {place: path for path, place in placed.items()}
    package = at_place.get(f"{here}package.json")
    text = image.files.text(package) if package else None
    if package is None or text is None:
        return "package.json was not found in the working directory"
    folder = package.removesuffix("package.json")
    if any("node_modules" in path.split("/") for path in placed):
        return "node_modules of the build context would be copied over what is installed"
    inside = {path.removeprefix(folder).partition("/")[0] for path in placed if path.startswith(folder)}
    wider = sorted(inside & _NODE_WIDER)
    locks, others = _NODE_FILES[install.manager]
    lock = next((folder + name for name in locks if folder + name in placed), "")
    if not lock or wider:
        return f"{wider[0]} says more about the installation" if wider else "there is no lock file beside package.json"
    more = [folder + name for name in others if folder + name in placed and folder + name != lock]
    if any(at_place.get(here + path.removeprefix(folder)) != path for path in (lock, *more)):
        return "the lock file is in another directory"
    why = _why_not_alone(text, image.files.text(lock) or "", ignores_scripts="--ignore-scripts" in install.switches)
    return why or [package, lock, *more]


def _why_not_alone(package: str, lock: str, *, ignores_scripts: bool) -> str:
    try:
        document: Any = parse_json(package)
    except ValueError:
        return "package.json cannot be read"
    if not isinstance(document, dict):
        return "package.json cannot be read"
    found = cast("dict[str, Any]", document)
    scripts: Any = found.get("scripts") or {}
    if not ignores_scripts and isinstance(scripts, dict) and _SCRIPTS & set(cast("dict[str, Any]", scripts)):
        return "package.json has scripts that run when it is installed"
    if "workspaces" in found or "pnpm" in found or "patchedDependencies" in found:
        return "package.json has workspaces or patches"
    for table in _TABLES:
        entries: Any = found.get(table) or {}
        if not isinstance(entries, dict) or any(
            not isinstance(value, str) or _LOCAL.fullmatch(value) for value in cast("dict[str, Any]", entries).values()
        ):
            return f"{table} of package.json name local files"
    return "the lock file has links" if re.search(r'"link"\s*:\s*true|"file:|@file:|: file:|link:', lock) else ""
