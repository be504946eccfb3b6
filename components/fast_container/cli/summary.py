"""The summary that ``fast-container inspect`` prints for people.

Decides the wording: the files that are read, the effect of the ignore rules and the Dockerfile, the largest
directories. Leaves the selection to ``core.select``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fast_container.cli.output import say
from fast_container.core.context.node import Node
from fast_container.core.context.view import View
from fast_container.core.declared import ignore_rules
from fast_container.core.ignore.rules import IgnoreRules
from fast_container.core.images.pins import pinned_reference
from fast_container.core.select import SelectedContext, SelectedImage, SharedWalks
from fast_container.core.spelling import counted

_SHOWN = 5
_KIBI = 1024.0


def print_summary(selected: SelectedImage, walks: SharedWalks, warnings: Sequence[str]) -> None:
    """Print the summary to standard output."""
    lines = [
        f"build key  {selected.key.hex}",
        f"tag        {selected.key.tag}",
        f"stages     {', '.join(selected.reads.stages) or '-'}",
        f"images     {', '.join(_images(selected)) or '-'}",
    ]
    for name, context in selected.selected.items():
        lines += ["", *_context_lines(name, context, selected, walks)]
    lines += ["", *(f"warning: {line}" for line in warnings)] if warnings else []
    say(lines)


def _images(selected: SelectedImage) -> list[str]:
    return [
        pinned_reference(selected.declared, image.reference, image.platform) for image in selected.reads.external_images
    ]


def size_text(size: float) -> str:
    """Format a number of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if size < _KIBI:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIBI
    return f"{size:.1f} GiB"


def _context_lines(name: str, context: SelectedContext, selected: SelectedImage, walks: SharedWalks) -> list[str]:
    selection = context.selection
    rules = ignore_rules(selected.declared, name).rules
    all_files, all_bytes = _everything(walks.view(context.root, IgnoreRules.from_patterns(())))
    kept_files, kept_bytes = _everything(walks.view(context.root, rules))
    read_files, read_bytes = selection.file_count, selection.total_bytes
    lines = [
        f"{name}: {counted(read_files, 'file')}, {size_text(read_bytes)}",
        f"  there are            {_files(all_files)} {size_text(all_bytes):>11}",
        f"  ignore rules save    {_files(all_files - kept_files)} {size_text(all_bytes - kept_bytes):>11}",
        f"  the Dockerfile saves {_files(kept_files - read_files)} {size_text(kept_bytes - read_bytes):>11}",
    ]
    lines += [f"  whole: {reason}" for reason in context.reasons]
    largest = _largest(selection.nodes)
    if largest:
        lines.append("  largest directories:")
        lines += [f"    {size_text(size):>11}  {path}" for path, size in largest]
    return lines


def _files(count: int) -> str:
    return f"{count:>7} {'file' if count == 1 else 'files':<5}"


def _everything(view: View) -> tuple[int, int]:
    """Return number and bytes of a view's files; directories that cannot be read count as empty."""
    with view.tree.lock:
        files = [node for node in view.below(view.tree.top) if node.kind != "dir"]
        return len(files), sum(_size(view.tree.root, node) for node in files if node.kind == "file")


def _size(root: str, node: Node) -> int:
    if node.facts:
        return node.size
    try:
        return Path(root, node.path).lstat().st_size
    except OSError:
        return 0


def _largest(nodes: tuple[Node, ...]) -> list[tuple[str, int]]:
    sizes: Counter[str] = Counter()
    for node in nodes:
        if node.kind == "file":
            sizes[os.path.dirname(node.path) or "."] += node.size  # noqa: PTH120 - bytes that are no UTF-8
    return sizes.most_common(_SHOWN)
