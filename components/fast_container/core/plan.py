"""What is to be done for one image: skip, reuse or build, and why.

Decides from three facts only: the build key, what the state recorded, and what the registry answered. Leaves
asking the registry to the pipeline and the preview hook, and file names in an explanation to whoever has the
manifests.
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
MOVED = "the key's tag names another image now"
UNCHANGED = "unchanged"

_MAX_NAMED = 3
_WORDS = {
    "arg": "build arg",
    "label": "label",
    "context": "context",
    "image": "external image",
    "base": "base image",
    "secret": "secret",
    "trigger": "trigger",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the state knows of an image's last build.

    Attributes:
        key_hex: The build key, 64 hexadecimal digits.
        digest: The manifest's digest.
        parts: The key's parts as they were, for the explanation; may be empty.
    """

    key_hex: str
    digest: str
    parts: Mapping[str, str] = field(default_factory=dict[str, str])


class Lookup(Enum):
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
    """The registry holds the image; state did not know it."""

    manifest: Manifest
    reason: str


@dataclass(frozen=True, slots=True)
class Build:
    """Nobody has it: it must be built."""

    reason: str


Plan = Skip | Reuse | Build


_AS_THEY_ARE: Final[Mapping[str, str]] = {}


def decide(
    key: BuildKey, recorded: Recorded | None, found: Manifest | Lookup, called: Mapping[str, str] = _AS_THEY_ARE
) -> Plan:
    """Choose between ``Skip``, ``Reuse`` and ``Build``.

    ``Lookup.NOT_ASKED`` skips an unchanged key and builds every other one. An answer of the registry always
    counts more than the state: a recorded image that is absent is built again.
    """
    same = recorded if recorded is not None and recorded.key_hex == key.hex else None
    if isinstance(found, Manifest):
        if same and same.digest == found.digest:
            return Skip(found.digest)
        return Reuse(found, MOVED if same else why(key, recorded, called))
    if same:
        return Skip(same.digest) if found is Lookup.NOT_ASKED else Build(GONE)
    return Build(why(key, recorded, called))


def why(key: BuildKey, recorded: Recorded | None, called: Mapping[str, str] = _AS_THEY_ARE) -> str:
    """Say in one line how the key differs from the recorded one.

    Args:
        key: The key as it is now.
        recorded: The key as it was.
        called: Part of the key → what to call it, where its own name says less.
    """
    if recorded is None:
        return FIRST_BUILD
    if recorded.key_hex == key.hex:
        return UNCHANGED
    if not recorded.parts or not key.parts:
        return "inputs changed"
    return "; ".join(_changes(recorded.parts, key.parts, called)) or "the build key's schema changed"


def _changes(old: Mapping[str, str], new: Mapping[str, str], called: Mapping[str, str]) -> Iterable[str]:
    groups: dict[str, list[str]] = {}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) == new.get(name):
            continue
        kind, _, rest = name.partition(":")
        verb = "added" if name not in old else "removed" if name not in new else "changed"
        subject = _WORDS.get(kind, kind) if rest else {"dockerfile": "Dockerfile"}.get(kind, kind)
        groups.setdefault(f"{subject}|{verb}", []).append(called.get(name, rest))
    for group, names in groups.items():
        subject, _, verb = group.partition("|")
        shown = [n for n in names if n and not (subject == "context" and n == "context")][:_MAX_NAMED]
        more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        yield " ".join(filter(None, (subject, ", ".join(shown) + more, verb)))
