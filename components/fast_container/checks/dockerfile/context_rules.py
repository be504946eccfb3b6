"""FI009: files that no image needs, and that this image reads.

Decides which folders are those of tools. Only what counts is spoken of: what the ignore file leaves out, or what no
instruction reads, is not sent by fast-container and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding
from fast_container.core.dockerfile import Selector
from fast_container.core.spelling import megabytes

TOOL_FOLDERS: Final = frozenset(
    [
        *(".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
        *(".tox", ".nox", ".terraform", "cdk.out", ".serverless", ".ipynb_checkpoints", ".hypothesis", ".idea"),
        *(".vscode", ".pulumi", ".aws-sam", ".eggs", ".gradle", ".parcel-cache", ".turbo", ".svelte-kit"),
    ]
)
"""Names of folders that tools make for themselves."""

_SHOWN: Final = 6


@dataclass(slots=True)
class NeedlessFolder:
    """A folder of tools that instructions take along.

    Attributes:
        files: How many files are in all folders of that name.
        size: Their bytes.
        lines: The instructions that take them.
    """

    files: int = 0
    size: int = 0
    lines: set[int] = field(default_factory=set[int])


def needless_folders(image: LintedImage) -> dict[str, NeedlessFolder]:
    """Name of a folder → what is taken of it; a folder that an instruction names itself is meant."""
    lines: dict[str, set[int]] = {}
    for selector in _selectors(image):
        named = TOOL_FOLDERS.intersection(selector.path.split("/"))
        for path in image.files.taken(selector):
            folder = _folder_of(path)
            if folder and folder not in named:
                lines.setdefault(path, set()).add(selector.line)
    found: dict[str, NeedlessFolder] = {}
    for path, of_path in lines.items():
        of_folder = found.setdefault(_folder_of(path), NeedlessFolder())
        of_folder.files += 1
        of_folder.size += image.files.sizes[path]
        of_folder.lines |= of_path
    return found


def _folder_of(path: str) -> str:
    parts = path.split("/")
    return "" if TOOL_FOLDERS.isdisjoint(parts) else next(part for part in parts if part in TOOL_FOLDERS)


def context_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield a finding about the context, if it holds such files."""
    found = needless_folders(image)
    if not found:
        return
    ranked = sorted(found, key=lambda name: -found[name].size)
    names = ", ".join(_said(name, found[name]) for name in ranked[:_SHOWN])
    files = sum(one.files for one in found.values())
    yield from image.finding(
        "FI009",
        min(line for one in found.values() for line in one.lines),
        f"The build reads what no image needs: {names}.",
        why="It is hashed and uploaded, lies in the layer, and each change of it is another key and another build.",
        fix=f"Add to the ignore file: {' '.join(f'**/{name}' for name in ranked[:_SHOWN])}",
        estimate=Estimate(
            sum(one.size for one in found.values()), basis=f"in {files} {'file' if files == 1 else 'files'}"
        ),
    )


def _selectors(image: LintedImage) -> Iterator[Selector]:
    for _, step in image.stages.steps():
        for selector in step.inputs:
            if selector.op in ("copy", "add"):
                yield selector


def _said(name: str, of: NeedlessFolder) -> str:
    return f"{name} ({of.files} {'file' if of.files == 1 else 'files'}, {megabytes(of.size)})"
