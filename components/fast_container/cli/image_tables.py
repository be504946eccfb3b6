"""Tables of ``fast-container image``.

Decides the words and how many rows are shown of what is long. Leaves columns to ``cli.columns``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fast_container.breakdown.comparison import Comparison, LayerChange, PackageChange
from fast_container.breakdown.directories import Directory
from fast_container.breakdown.image import Breakdown, PackageShare
from fast_container.breakdown.owners import ALPINE
from fast_container.breakdown.waste import Waste
from fast_container.cli.columns import table
from fast_container.core.spelling import counted, growth_text, size_text

_ROWS: Final = 10


def image_lines(one: Breakdown, width: int) -> list[str]:
    """Say what takes the space in an image."""
    system = "Alpine packages" if any(share.package.kind == ALPINE for share in one.packages) else "Debian packages"
    return [
        *_heading(one),
        "",
        "Layers",
        *_layers(one, width),
        "",
        "Directories, each without those that are listed below it",
        *table([_directory(folder) for folder in one.directories[:_ROWS]], "2", width),
        *_packages("Python distributions", one.distributions, width),
        *_packages(system, one.packages, width),
        "",
        f"Of no package: {size_text(one.unowned_bytes)}",
        *_unread(one),
        *_waste(one.waste, width),
    ]


def comparison_lines(both: Comparison, width: int) -> list[str]:
    """Say what grew from one image to another, and why."""
    before, after = both.before, both.after
    rows = [
        ("compressed", before.compressed_bytes, after.compressed_bytes),
        ("unpacked", before.unpacked_bytes, after.unpacked_bytes),
        ("shown", before.shown_bytes, after.shown_bytes),
        ("ships unseen", before.waste.bytes, after.waste.bytes),
    ]
    sizes = [(name, size_text(old), size_text(new), growth_text(new - old)) for name, old, new in rows]
    return [
        f"{after.name} ({after.platform})",
        f"against {before.name} ({before.platform})",
        "",
        *table([("", "before", "after", "change"), *sizes], "0", width),
        f"  {_shared(both)}",
        *_changes("By instruction", [_layer_change(change) for change in both.layers], width),
        *_changes("By directory", [_directory_change(folder) for folder in both.directories], width),
        *_changes("By Python distribution", [_package_change(change) for change in both.distributions], width),
        *_changes("By package of the system", [_package_change(change) for change in both.packages], width),
    ]


def _heading(one: Breakdown) -> list[str]:
    return [
        f"{one.name} ({one.platform})",
        f"  {counted(len(one.layers), 'layer')}: {size_text(one.compressed_bytes)} compressed,"
        f" {size_text(one.unpacked_bytes)} unpacked",
        f"  {size_text(one.shown_bytes)} shown, {size_text(one.waste.bytes)} ship unseen;"
        f" efficiency {one.efficiency * 100:.1f} %",
    ]


def _layers(one: Breakdown, width: int) -> list[str]:
    rows = [
        (str(at), size_text(layer.compressed_bytes), size_text(layer.unpacked_bytes), layer.instruction)
        for at, layer in enumerate(one.layers, 1)
    ]
    return table([("#", "compressed", "unpacked", "instruction"), *rows], "3", width)


def _directory(folder: Directory) -> tuple[str, str, str]:
    rest = " (the rest)" if folder.is_rest else ""
    return size_text(folder.bytes), counted(folder.files, "file"), f"/{folder.path}{rest}"


def _packages(title: str, shares: Sequence[PackageShare], width: int) -> list[str]:
    if not shares:
        return []
    rows = [
        (size_text(share.bytes), counted(share.files, "file"), f"{share.package.name} {share.package.version}")
        for share in shares[:_ROWS]
    ]
    total = sum(share.bytes for share in shares)
    more = _more([share.bytes for share in shares])
    return ["", f"{title}: {len(shares)}, {size_text(total)}", *table(rows, "2", width), *more]


def _more(sizes: Sequence[int]) -> list[str]:
    left = sizes[_ROWS:]
    return [f"  and {len(left)} more, {size_text(sum(left))}"] if left else []


def _unread(one: Breakdown) -> list[str]:
    count = one.owners.unread
    return [f"{counted(count, 'list')} of packages could not be read: too large, or damaged"] if count else []


def _waste(waste: Waste, width: int) -> list[str]:
    if not waste.bytes:
        return []
    rows = [
        (size_text(hidden.bytes), f"{hidden.how} by layer {hidden.by + 1}", f"/{hidden.path}")
        for hidden in waste.largest[:_ROWS]
    ]
    return [
        "",
        f"Ships unseen: {size_text(waste.deleted_bytes)} deleted by later layers,"
        f" {size_text(waste.overwritten_bytes)} overwritten,",
        f"  {size_text(waste.duplicated_bytes)} duplicated (the same file with another owner or mode)",
        *table(rows, "12", width),
    ]


def _shared(both: Comparison) -> str:
    return f"layers that both have: {both.shared_layers} of {len(both.after.layers)}"


def _changes(title: str, rows: Iterable[tuple[str, str, str]], width: int) -> list[str]:
    rows = list(rows)
    if not rows:
        return []
    more = [f"  and {len(rows) - _ROWS} more"] if len(rows) > _ROWS else []
    return ["", title, *table(rows[:_ROWS], "12", width), *more]


def _layer_change(change: LayerChange) -> tuple[str, str, str]:
    note = "new" if change.before is None else "gone" if change.after is None else "changed"
    return growth_text(change.growth_bytes), note, change.instruction


def _directory_change(folder: Directory) -> tuple[str, str, str]:
    rest = " (the rest)" if folder.is_rest else ""
    note = "new" if not folder.before_bytes else "gone" if not folder.files else "changed"
    return growth_text(folder.growth_bytes), note, f"/{folder.path}{rest}"


def _package_change(change: PackageChange) -> tuple[str, str, str]:
    before, after = change.before, change.after
    note = "new" if before is None else "gone" if after is None else "changed"
    versions = dict.fromkeys(one.package.version for one in (before, after) if one)
    return growth_text(change.growth_bytes), note, f"{change.name} {' → '.join(versions)}"
