"""Says in one line why an image is built: which files, arguments, bases changed.

Decides the wording, from the parts that the record keeps and, for file names alone, from the inputs manifest that an
earlier run left in the user's cache. A lost cache costs the names, never the explanation; a full one adds no reason.
Leaves the decision itself to ``core.decision``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from fast_container.core.cache_folder import make_private
from fast_container.core.json_document import parse_object
from fast_container.printable import printable

if TYPE_CHECKING:
    from fast_container.core.select import SelectedImage
    from fast_container.state.program import PlannedImage

# Context name → path → everything of the entry that counts.
Inputs: TypeAlias = dict[str, dict[str, list[Any]]]

_MANIFESTS_KEPT = 400
_NAMES_SHOWN = 2


def explain(image: PlannedImage, old: Mapping[str, Any], reason: str, cache: Path) -> str:
    """The reason with file names where they are known."""
    before = _read(cache, str(old.get("build_key") or "")) if old.get("build_key") != image.selected.key.hex else None
    if before is None:
        return _with_numbers(reason, image, old)
    changes = _changed_files(before, inputs_of(image.selected))
    others = [part for part in reason.split("; ") if not part.startswith(("context", "source"))]
    return ", ".join([*changes, *others]) or reason


def inputs_of(selected: SelectedImage) -> Inputs:
    """The inputs manifest of an image: every entry of its contexts."""
    return {
        name: {entry.path: [entry.type, entry.mode, entry.digest, entry.target] for entry in source.entries}
        for name, source in selected.contexts.items()
    }


def counts_of(selected: SelectedImage) -> dict[str, str]:
    """Context name → ``files/bytes``: what a record keeps to say numbers where names are lost."""
    return {
        name: f"{context.selection.file_count}/{context.selection.total_bytes}"
        for name, context in selected.selected.items()
    }


def remember(selected: SelectedImage, cache: Path) -> None:
    """Keep the inputs manifest of a key, for the explanation of the next change; failing to is no error."""
    target = cache / _file(selected.key.hex)
    if target.exists():
        return
    try:
        make_private(cache)
        partial = target.with_suffix(f".{id(selected)}.partial")
        partial.touch(mode=0o600)
        partial.write_bytes(zlib.compress(json.dumps(inputs_of(selected)).encode(), 1))
        partial.replace(target)
        kept = sorted(cache.glob("*.json.z"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[_MANIFESTS_KEPT:]:
            path.unlink(missing_ok=True)
    except OSError:
        return


def _read(cache: Path, key: str) -> Inputs | None:
    try:
        found = parse_object(zlib.decompress((cache / _file(key)).read_bytes()))
        return cast("Inputs", found) if all(isinstance(files, dict) for files in found.values()) else None
    except (OSError, ValueError, zlib.error):
        return None


def _file(key: str) -> str:
    return f"{key}.json.z"


def _changed_files(before: Inputs, after: Inputs) -> list[str]:
    verbs: dict[str, list[str]] = {"changed": [], "added": [], "removed": []}
    for context in sorted(before.keys() | after.keys()):
        old, new = before.get(context, {}), after.get(context, {})
        prefix = "" if context == "context" else f"{context}:"
        for path in sorted(old.keys() | new.keys()):
            if old.get(path) == new.get(path) or (new.get(path) or old[path])[0] == "dir":
                continue
            verb = "added" if path not in old else "removed" if path not in new else "changed"
            verbs[verb].append(prefix + path)
    return [
        f"{len(paths)} {'file' if len(paths) == 1 else 'files'} {verb} ({_some(paths)})"
        for verb, paths in verbs.items()
        if paths
    ]


def _some(paths: list[str]) -> str:
    return ", ".join(map(printable, paths[:_NAMES_SHOWN])) + (", …" if len(paths) > _NAMES_SHOWN else "")


def _with_numbers(reason: str, image: PlannedImage, old: Mapping[str, Any]) -> str:
    before, after = cast("dict[str, str]", old.get("counts") or {}), counts_of(image.selected)
    numbers = [
        f"{name}: {_spelled(before[name])} → {_spelled(after[name])}"
        for name in after
        if name in before and before[name] != after[name]
    ]
    return reason + (f" ({'; '.join(numbers)})" if numbers else "")


def _spelled(count: str) -> str:
    files, _, size = count.partition("/")
    return f"{files} {'file' if files == '1' else 'files'}, {int(size):,} bytes"
