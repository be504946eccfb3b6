"""Explains in one line why an image is built: which files, arguments, bases changed.

Decides the wording, from the parts in the record and, for file names only, from the inputs manifest that an earlier run
left in the user's cache. Without the cache the names are missing, never the explanation; with it no reason is added.
Leaves the decision itself to ``core.decision``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from fast_container.core.cache_folder import make_private
from fast_container.core.json_document import parse_object
from fast_container.core.spelling import counted
from fast_container.printable import printable

if TYPE_CHECKING:
    from fast_container.core.select import SelectedImage
    from fast_container.state.prepared_image import PreparedImage

# Context name → path → everything of the entry that counts.
Inputs: TypeAlias = dict[str, dict[str, list[Any]]]

# Beside the contexts, which cannot have that name.
_CONTENTS = "contents:"

_MANIFESTS_KEPT = 400
_DIGITS_OF_A_TAG = 40
_NAMES_SHOWN = 2
_VERSIONS_SHOWN = 4
_NO_VERSION = "markers, hashes or options of the dependencies changed"


@dataclass(frozen=True, slots=True)
class Contents:
    """The distributions of an image with a generated Dockerfile, shown instead of generated files' names.

    Attributes:
        context: The named context with the generated files.
        words: Generated file → a user's name for its content.
        versions: Distribution → version or specifier.
    """

    context: str
    words: Mapping[str, str]
    versions: Mapping[str, str]

    @property
    def called(self) -> dict[str, str]:
        """Part of the key → the words that are shown in its place; "" for none."""
        return {f"context:{self.context}": "", **{f"source:{self.context}:{file}": w for file, w in self.words.items()}}


def explain(
    image: PreparedImage, old: Mapping[str, Any], reason: str, cache: Path, contents: Contents | None = None
) -> str:
    """Return the reason with names of files and distributions if they are known."""
    before = _read(cache, str(old.get("build_key") or "")) if old.get("build_key") != image.selected.key.hex else None
    if before is None:
        return _with_numbers(reason, image, old, contents.context if contents else "")
    after = inputs_of(image.selected)
    others = [part for part in reason.split("; ") if not part.startswith(("context", "source"))]
    installed = before.pop(_CONTENTS, None)
    if contents is not None:
        files = before.pop(contents.context, {}), after.pop(contents.context, {})
        if installed is not None:
            # Versions, and the words for other files, which are in the reason too.
            versions = _changed_versions({name: str(said[0]) for name, said in installed.items()}, contents.versions)
            if versions or _with_same_versions(*files, contents.words):
                others = [part for part in others if not part.startswith("dependencies ")]
                others = [*(versions or [_NO_VERSION]), *others]
    return ", ".join([*_changed_files(before, after), *others]) or reason


def _with_same_versions(before: Mapping[str, object], after: Mapping[str, object], words: Mapping[str, str]) -> bool:
    """Whether the requirements changed in another way than their versions."""
    changed = [file for file in before.keys() | after.keys() if before.get(file) != after.get(file)]
    return any(words.get(file) == "dependencies" for file in changed)


def changed_files(before: str, selected: SelectedImage, cache: Path) -> list[str] | None:
    """Describe the differences between the files of an earlier build key and those of an image.

    Args:
        before: The build key.
        selected: The image.
        cache: The folder of inputs manifests.

    Returns:
        None if the keys are equal, or the earlier one is not known.
    """
    known = _read(cache, before) if before != selected.key.hex else None
    if known is None:
        return None
    known.pop(_CONTENTS, None)
    return _changed_files(known, inputs_of(selected))


def inputs_of(selected: SelectedImage) -> Inputs:
    """Return the inputs manifest of an image: every entry of its contexts."""
    return {
        name: {entry.path: [entry.type, entry.mode, entry.digest, entry.target] for entry in source.entries}
        for name, source in selected.contexts.items()
    }


def counts_of(selected: SelectedImage) -> dict[str, str]:
    """Return context name → ``files/bytes``: with it a record can still give numbers if names are lost."""
    return {
        name: f"{context.selection.file_count}/{context.selection.total_bytes}"
        for name, context in selected.selected.items()
    }


def inputs_manifest(selected: SelectedImage, contents: Contents | None = None) -> bytes:
    """Return the inputs manifest of an image, compressed."""
    known = inputs_of(selected)
    if contents is not None:
        known[_CONTENTS] = {name: [version] for name, version in contents.versions.items()}
    return zlib.compress(json.dumps(known).encode(), 1)


def is_remembered(key: str, cache: Path) -> bool:
    """Whether the inputs manifest of a key is kept here."""
    return _place(key, cache).exists()


def remember(key: str, manifest: bytes, cache: Path) -> None:
    """Keep the inputs manifest of a key, for the explanation of the next change; a failure is not an error."""
    target = cache / _file(key)
    if target.exists():
        return
    try:
        make_private(cache)
        partial = target.with_suffix(f".{id(manifest)}.partial")
        partial.touch(mode=0o600)
        partial.write_bytes(manifest)
        partial.replace(target)
        kept = sorted(cache.glob("*.json.z"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[_MANIFESTS_KEPT:]:
            path.unlink(missing_ok=True)
    except OSError:
        return


def _read(cache: Path, key: str) -> Inputs | None:
    try:
        found = parse_object(zlib.decompress(_place(key, cache).read_bytes()))
        return cast("Inputs", found) if all(isinstance(files, dict) for files in found.values()) else None
    except (OSError, ValueError, zlib.error):
        return None


def _file(key: str) -> str:
    return f"{key}.json.z"


def _place(key: str, cache: Path) -> Path:
    """Return the file of a key; of the digits that a tag has of it too."""
    exact = cache / _file(key)
    if len(key) == _DIGITS_OF_A_TAG and not exact.exists():
        return next(cache.glob(_file(f"{key}*")), exact)
    return exact


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


def _changed_versions(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Describe changed versions: ``requests 2.31.0 → 2.32.3``."""
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    shown = [_version_line(name, before.get(name), after.get(name)) for name in changed[:_VERSIONS_SHOWN]]
    if more := len(changed) - len(shown):
        shown.append(counted(more, "more distribution"))
    return shown


def _version_line(name: str, before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"{name} {after or before} {'added' if before is None else 'removed'}"
    return f"{name} {before} → {after}"


def _some(paths: list[str]) -> str:
    return ", ".join(map(printable, paths[:_NAMES_SHOWN])) + (", …" if len(paths) > _NAMES_SHOWN else "")


def _with_numbers(reason: str, image: PreparedImage, old: Mapping[str, Any], generated: str) -> str:
    before, after = cast("dict[str, str]", old.get("counts") or {}), counts_of(image.selected)
    numbers = [
        f"{name}: {_spelled(before[name])} → {_spelled(after[name])}"
        for name in after
        if name != generated and name in before and before[name] != after[name]
    ]
    return reason + (f" ({'; '.join(numbers)})" if numbers else "")


def _spelled(count: str) -> str:
    files, _, size = count.partition("/")
    return f"{files} {'file' if files == '1' else 'files'}, {int(size):,} bytes"
