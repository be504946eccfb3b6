"""Decides for one image: skip, reuse or build, and why; or that nothing may be done.

Only three facts count: the build key, the state's record, and the registry's answer. A cache of this machine never
does. Leaves asking the registry to the pipeline and the preview hook, and file names in an explanation to callers that
have the manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from fast_container.core.key import BuildKey
from fast_container.core.ports import Manifest

FIRST_BUILD = "first build"
GONE = "image is gone from the registry"
NEW_HERE = "new to this stack"
MOVED = "its repository changed"
STARTED = "its build was started by an earlier update"
ACCEPTED = "the image that replaced the recorded one is accepted"
UNCHANGED = "unchanged"

_MAX_NAMED = 3
# Begins the parts of an index.
_PLATFORM = "platform:"
_WORDS = {
    "arg": "build arg",
    "label": "label",
    "context": "context",
    "image": "external image",
    "base": "base image",
    "secret": "secret",
    "trigger": "trigger",
    "option": "build option",
}


@dataclass(frozen=True, slots=True)
class RecordedImage:
    """The state's record of an image's last build.

    Attributes:
        key_hex: The build key, 64 hexadecimal digits.
        digest: The manifest's digest.
        parts: The key's parts as they were, for the explanation; may be empty.
        here: It is in the repository that was asked; else the image has moved.
        settled: The digest is of this key; else it is of the image that stays until a started build has ended.
        accepted: The digest that the user accepts under the key's tag instead of the recorded one, or "".
    """

    key_hex: str
    digest: str
    parts: Mapping[str, str] = field(default_factory=dict[str, str])
    here: bool = True
    settled: bool = True
    accepted: str = ""


class NoManifest(Enum):
    """An answer of the registry that is not a manifest."""

    NOT_ASKED = "not asked"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to do: state and key agree."""

    digest: str
    reason: str = UNCHANGED


@dataclass(frozen=True, slots=True)
class Reuse:
    """The registry has the image; the state did not know it."""

    manifest: Manifest
    reason: str


@dataclass(frozen=True, slots=True)
class Build:
    """The image does not exist yet."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The key's tag names another image than the one that was recorded: nothing is done.

    Attributes:
        recorded: The digest that the state has.
        found: The digest that the registry has.
    """

    recorded: str
    found: str


Decision = Skip | Reuse | Build | Replaced


_AS_THEY_ARE: Final[Mapping[str, str]] = {}


def decide(
    key: BuildKey,
    recorded: RecordedImage | None,
    found: Manifest | NoManifest,
    called: Mapping[str, str] = _AS_THEY_ARE,
) -> Decision:
    """Choose between ``Skip``, ``Reuse``, ``Build`` and ``Replaced``.

    ``NoManifest.NOT_ASKED`` skips an unchanged key and builds every other one. A recorded image that is absent is built
    again; one that was replaced is neither used nor covered up.
    """
    same = recorded if recorded is not None and recorded.key_hex == key.hex else None
    if same is None:
        reason = why(key, recorded, called)
        if isinstance(found, Manifest):
            return Reuse(found, reason if recorded else NEW_HERE)
        return Build(reason)
    if not same.here or not same.settled:
        reason = STARTED if same.here else MOVED
        return Reuse(found, reason) if isinstance(found, Manifest) else Build(reason)
    if found is NoManifest.NOT_ASKED:
        return Skip(same.digest)
    return _still_there(same, found) if isinstance(found, Manifest) else Build(GONE)


def _still_there(recorded: RecordedImage, found: Manifest) -> Decision:
    if recorded.digest in ("", found.digest):
        return Skip(found.digest)
    if recorded.accepted == found.digest:
        return Reuse(found, ACCEPTED)
    return Replaced(recorded.digest, found.digest)


def why(key: BuildKey, recorded: RecordedImage | None, called: Mapping[str, str] = _AS_THEY_ARE) -> str:
    """Say in one line how the key differs from the recorded one.

    Args:
        key: The key as it is now.
        recorded: The key as it was.
        called: Part of the key → the part that the explanation says in its place; "" for none.
    """
    if recorded is None:
        return FIRST_BUILD
    if recorded.key_hex == key.hex:
        return UNCHANGED
    if not recorded.parts or not key.parts:
        return "inputs changed"
    indexed = [name.removeprefix(_PLATFORM) for name in sorted(recorded.parts) if name.startswith(_PLATFORM)]
    if indexed and not any(name.startswith(_PLATFORM) for name in key.parts):
        return f"it was an index for {' and '.join(indexed)} before"
    return "; ".join(_changes(recorded.parts, key.parts, called)) or "the build key's schema changed"


def _changes(old: Mapping[str, str], new: Mapping[str, str], called: Mapping[str, str]) -> Iterable[str]:
    groups: dict[str, list[str]] = {}
    for name in sorted(old.keys() | new.keys()):
        said = called.get(name, name)
        if old.get(name) == new.get(name) or not said:
            continue
        kind, _, rest = said.partition(":")
        verb = "added" if name not in old else "removed" if name not in new else "changed"
        subject = _WORDS.get(kind, kind) if rest else {"dockerfile": "Dockerfile"}.get(kind, kind)
        groups.setdefault(f"{subject}|{verb}", []).append(rest)
    for group, names in groups.items():
        subject, _, verb = group.partition("|")
        shown = [n for n in names if n and not (subject == "context" and n == "context")][:_MAX_NAMED]
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        yield " ".join(filter(None, (subject, ", ".join(shown) + more, verb)))
