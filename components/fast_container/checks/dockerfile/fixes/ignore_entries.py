"""FI009: entries of an ignore file for folders of tools that no image needs.

Decides which folders no instruction of any image needs, as far as that can be seen: none that an instruction names or
mounts, none in which the build may look something up (``.git`` for a version), none whose name a file has. Leaves which
folders are those of tools to ``context_rules``, and which ignore file it is to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fast_container.checks.dockerfile.context_rules import needless_folders
from fast_container.checks.dockerfile.steps.installs import installs_of
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.core.dockerfile import Selector

_INSTALLED: Final[Mapping[str, frozenset[str]]] = {
    "node_modules": frozenset(["npm", "yarn", "pnpm"]),
    ".venv": frozenset(["pip", "uv", "poetry", "pdm", "pipenv"]),
    "venv": frozenset(["pip", "uv", "poetry", "pdm", "pipenv"]),
}
"""Folder → managers that make it: an image that installs nothing itself may need the one of the context."""
_REPOSITORIES: Final = frozenset([".git", ".hg"])
_ASKING: Final = (
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioneer",
    "dunamai",
    "pbr",
    "vcs",
    "dynamic-versioning",
)
_NOT_ASKING: Final = frozenset(
    [
        *("apk", "apt", "apt-get", "cat", "cd", "chmod", "chown", "cp", "dnf", "echo", "ln", "ls", "mkdir", "mv", "rm"),
        *(
            "set",
            "useradd",
            "adduser",
            "groupadd",
            "addgroup",
            "yum",
            "export",
            "sed",
            "true",
            "touch",
            "python",
            "python3",
        ),
    ]
)


def folders_to_ignore(images: Sequence[LintedImage]) -> tuple[list[str], dict[str, str]]:
    """Choose folders for one ignore file.

    Args:
        images: All images that are known to use the file.

    Returns:
        The folders, the largest first, and for each that is left out the reason.
    """
    sizes: dict[str, int] = {}
    refused: dict[str, str] = {}
    for image in images:
        for name, folder in needless_folders(image).items():
            sizes[name] = sizes.get(name, 0) + folder.size
    for name in sizes:
        why = next((why for image in images if (why := _why_needed(image, name))), "")
        if why:
            refused[name] = why
    return sorted((name for name in sizes if name not in refused), key=lambda name: (-sizes[name], name)), refused


def with_entries(text: str, folders: Iterable[str]) -> str:
    """Add entries at the end of an ignore file's text."""
    ending = "\r\n" if "\r\n" in text else "\n"
    start = text if not text or text.endswith("\n") else text + ending
    return start + "".join(f"**/{name}{ending}" for name in folders)


def _why_needed(image: LintedImage, name: str) -> str:
    if any(path.rpartition("/")[2] == name for path in image.files.sizes):
        return "a file has that name too"
    for _, step in image.stages.steps():
        for selector in step.inputs:
            if name in selector.path.split("/"):
                return f"{image.file}:{step.line} names it"
            is_plain = selector.op in ("copy", "add") and not selector.exclude and not selector.parents
            if not is_plain and (selector.op != "mount" or _takes(image, selector, name)):
                return f"{image.file}:{step.line} may read it"
    managers = {install.manager for _, step in image.stages.steps() for install in installs_of(step)}
    if name in _INSTALLED and not managers & _INSTALLED[name]:
        return f"{image.file} installs none itself"
    return _why_asked(image) if name in _REPOSITORIES else ""


def _takes(image: LintedImage, selector: Selector, name: str) -> bool:
    return any(name in path.split("/") for path in image.files.taken(selector))


def _why_asked(image: LintedImage) -> str:
    """Why the repository's history may be needed; ``""`` if nothing is seen that asks for it."""
    for _, step in image.stages.steps():
        if step.commands is None:
            return f"{image.file}:{step.line} is not understood"
        for command in step.commands:
            plain = command.program in _NOT_ASKING or command.program in ("pip", "pip3", "npm", "yarn", "pnpm", "uv")
            runs = "run" in command.words or "-c" in command.words or any(w.endswith(".py") for w in command.words)
            if not plain or runs:
                return f"{image.file}:{step.line} runs {command.program}, which may ask for it"
    for path in image.files.sizes:
        if path.rpartition("/")[2] not in ("pyproject.toml", "setup.py", "setup.cfg"):
            continue
        text = image.files.text(path)
        if text is None or any(word in text for word in _ASKING):
            return f"{path} takes the version from it"
    return ""
