"""FI009: files that no image needs, and that this image reads.

Decides which folders are those of tools. Only what counts is spoken of: what the ignore file leaves out, or what no
instruction reads, is not sent by fast-container and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding
from fast_container.core.dockerfile import Selector
from fast_container.core.spelling import megabytes

_FOLDERS: Final = frozenset(
    [
        *(".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
        *(".tox", ".nox", ".terraform", "cdk.out", ".serverless", ".ipynb_checkpoints", ".hypothesis", ".idea"),
        *(".vscode", ".pulumi", ".aws-sam", ".eggs", ".gradle", ".parcel-cache", ".turbo", ".svelte-kit"),
    ]
)
_SHOWN: Final = 6


def context_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield a finding about the context, if it holds such files."""
    found: dict[str, tuple[int, int]] = {}
    whole: dict[str, set[int]] = {}
    for selector in _selectors(image):
        named = _FOLDERS.intersection(selector.path.split("/"))
        for path in image.files.taken(selector):
            folder = next((part for part in path.split("/") if part in _FOLDERS), "")
            if folder and folder not in named:
                whole.setdefault(path, set()).add(selector.line)
    for path in whole:
        folder = next(part for part in path.split("/") if part in _FOLDERS)
        files, size = found.get(folder, (0, 0))
        found[folder] = (files + 1, size + image.files.sizes[path])
    if not found:
        return
    ranked = sorted(found, key=lambda name: -found[name][1])
    names = ", ".join(_said(name, *found[name]) for name in ranked[:_SHOWN])
    total = sum(size for _, size in found.values())
    files = sum(count for count, _ in found.values())
    yield from image.finding(
        "FI009",
        min(line for lines in whole.values() for line in lines),
        f"The build reads what no image needs: {names}.",
        why="It is hashed and uploaded, lies in the layer, and each change of it is another key and another build.",
        fix=f"Add to the ignore file: {' '.join(f'**/{name}' for name in ranked[:_SHOWN])}",
        estimate=Estimate(total, basis=f"in {files} {'file' if files == 1 else 'files'}"),
    )


def _selectors(image: LintedImage) -> Iterator[Selector]:
    for _, step in image.stages.steps():
        for selector in step.inputs:
            if selector.op in ("copy", "add"):
                yield selector


def _said(name: str, files: int, size: int) -> str:
    return f"{name} ({files} {'file' if files == 1 else 'files'}, {megabytes(size)})"
