"""``fast-container explain``: the differences between two outputs of ``inspect --json``.

Decides how a difference is printed: files by name, everything else by its part of the key.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fast_container.cli.output import say
from fast_container.core.json_document import parse_json
from fast_container.errors import ArgsError

_Object = Mapping[str, Any]

_FIELDS = ("type", "digest", "mode", "size")
_WORDS = {
    "dockerfile": "the Dockerfile's instructions",
    "platform": "the platform",
    "target": "the target",
    "arg": "build arg",
    "label": "label",
    "image": "image",
    "base": "base image",
    "secret": "secret",
    "trigger": "trigger",
    "option": "build option",
}


def run(arguments: argparse.Namespace) -> int:
    """Print the differences, one a line.

    Raises:
        ArgsError: A file is not an output of ``inspect --json``.
    """
    before, after = _read(arguments.before, "A.json"), _read(arguments.after, "B.json")
    lines = differences(before, after)
    if before["build_key"] == after["build_key"]:
        lines.insert(0, "the build keys are equal")
    elif not lines:
        lines.append("the build keys differ, but these files do not show why")
    say(lines)
    return 0


def differences(before: _Object, after: _Object) -> list[str]:
    """Return the differences, one line each: parts of the key first, then files."""
    lines: list[str] = []
    old, new = before.get("parts", {}), after.get("parts", {})
    for part in sorted({*old, *new}):
        kind, _, name = part.partition(":")
        if kind in _WORDS and old.get(part) != new.get(part):
            how = "added" if part not in old else "removed" if part not in new else "changed"
            lines.append(f"{how}: {_WORDS[kind]}{f' {name}' if name else ''}")
    for name in sorted({*before["contexts"], *after["contexts"]}):
        lines += _files(name, before["contexts"].get(name), after["contexts"].get(name))
    return lines


def _files(name: str, before: _Object | None, after: _Object | None) -> list[str]:
    if before is None or after is None:
        return [f"{'added' if before is None else 'removed'}: context {name}"]
    old = {entry["path"]: entry for entry in before["entries"]}
    new = {entry["path"]: entry for entry in after["entries"]}
    lines: list[str] = []
    for path in sorted({*old, *new}):
        if path not in old or path not in new:
            lines.append(f"{'added' if path in new else 'removed'}: {name}/{path}")
        elif old[path] != new[path]:
            differs = [key for key in _FIELDS if old[path].get(key) != new[path].get(key)]
            shown = [what for what in differs[:1] if what in ("type", "mode")]
            detail = "".join(f" ({what} {old[path].get(what)} → {new[path].get(what)})" for what in shown)
            lines.append(f"changed: {name}/{path}{detail}")
    return lines


def _read(file: str, argument: str) -> _Object:
    try:
        found: object = parse_json(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise ArgsError(f"{file} cannot be read.", property_path=argument, why=str(error)) from None
    wrong = _why_no_output(found)
    if wrong:
        raise ArgsError(
            f"{file} is not an output of inspect.",
            property_path=argument,
            why=wrong,
            next_step="Make it with: fast-container inspect --context DIR --json.",
        )
    return cast("_Object", found)


def _why_no_output(found: object) -> str:
    """Return what a document lacks of the form of ``inspect --json``; ``""`` if it has everything that is read here."""
    if not isinstance(found, dict):
        return "it is not an object"
    document = cast("dict[str, object]", found)
    if not isinstance(document.get("build_key"), str):
        return "build_key is not a string"
    for name in ("parts", "contexts"):
        if not isinstance(document.get(name, {} if name == "parts" else None), dict):
            return f"{name} is not an object"
    for name, context in cast("dict[str, object]", document["contexts"]).items():
        entries = cast("dict[str, object]", context).get("entries") if isinstance(context, dict) else None
        if not isinstance(entries, list):
            return f"contexts.{name}.entries is not a list"
        for index, entry in enumerate(cast("list[object]", entries)):
            if not isinstance(entry, dict) or not isinstance(cast("dict[str, object]", entry).get("path"), str):
                return f"contexts.{name}.entries[{index}] is not an entry"
    return ""
