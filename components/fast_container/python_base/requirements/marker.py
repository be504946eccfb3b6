"""Environment markers (PEP 508): simplified with the comparisons whose result is known.

Decides how a marker is parsed, negated and written again. Leaves to the caller which comparisons are known to be true
or false, and to ``packaging`` which markers a requirement may have. That library evaluates a marker for a known
environment; here the parent image's Python and architecture are not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\"|'[^']*')|(?P<operator>===|[<>=!~]=|[<>])|(?P<bracket>[()])|(?P<word>[A-Za-z0-9_.]+))"
)
_OPPOSITE: Final = {"==": "!=", "<": ">=", ">": "<=", "in": "not in"}
_OPPOSITES: Final = {**_OPPOSITE, **{value: key for key, value in _OPPOSITE.items()}}
_MIRRORED: Final = {"==": "==", "!=": "!="}
_LINUX: Final = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """``variable operator "value"``, as written; strings in double quotes."""

    left: str
    operator: str
    right: str

    def compares(self, variable: str) -> str | None:
        """Return the string that a variable is compared with by ``==`` or ``!=``; None for other comparisons."""
        for one, other in ((self.left, self.right), (self.right, self.left)):
            if one == variable and self.operator in _MIRRORED and other[:1] == '"':
                return other[1:-1]
        return None


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if all parts are; always true without parts."""

    parts: tuple[Marker, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if any part is; never true without parts."""

    parts: tuple[Marker, ...] = ()


Marker: TypeAlias = Comparison | AllOf | AnyOf

ALWAYS: Final = AllOf()
NEVER: Final = AnyOf()


def parse_marker(text: str) -> Marker | None:
    """Parse a marker; ALWAYS for "", None for one that cannot be read."""
    tokens: list[str] = []
    position, text = 0, text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or '"' in (found["text"] or "")[1:-1]:
            return None
        tokens.append(f'"{found["text"][1:-1]}"' if found["text"] else found[0].strip())
        position = found.end()
    if not tokens:
        return ALWAYS
    try:
        marker, rest = _any(tokens)
    except (IndexError, RecursionError):
        return None
    return None if rest or marker is None else marker


def simplified(marker: Marker, known: Callable[[Comparison], bool | None]) -> Marker:
    """Return the rest of a marker when some of its comparisons are known."""
    if isinstance(marker, Comparison):
        value = known(marker)
        return marker if value is None else ALWAYS if value else NEVER
    parts = [simplified(part, known) for part in marker.parts]
    return both(*parts) if isinstance(marker, AllOf) else either(*parts)


def both(*markers: Marker) -> Marker:
    """Return the marker that is true if all of them are."""
    parts: list[Marker] = []
    for marker in markers:
        if marker == NEVER:
            return NEVER
        parts += marker.parts if isinstance(marker, AllOf) else [marker]
    parts = list(dict.fromkeys(parts))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def either(*markers: Marker) -> Marker:
    """Return the marker that is true if any of them is."""
    parts: list[Marker] = []
    for marker in markers:
        if marker == ALWAYS:
            return ALWAYS
        parts += marker.parts if isinstance(marker, AnyOf) else [marker]
    parts = list(dict.fromkeys(parts))
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def opposite(marker: Marker) -> Marker | None:
    """Return the marker that is true exactly if this one is not; None if it cannot be written (``~=``, ``===``)."""
    if isinstance(marker, Comparison):
        operator = _OPPOSITES.get(marker.operator)
        return None if operator is None else Comparison(marker.left, operator, marker.right)
    parts = [opposite(part) for part in marker.parts]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts):
        return None
    return either(*known) if isinstance(marker, AllOf) else both(*known)


def write_marker(marker: Marker) -> str:
    """Write a marker; "" for ALWAYS."""
    if isinstance(marker, Comparison):
        return f"{marker.left} {marker.operator} {marker.right}"
    if isinstance(marker, AnyOf):
        return " or ".join(map(write_marker, marker.parts))
    return " and ".join(
        f"({write_marker(part)})" if isinstance(part, AnyOf) else write_marker(part) for part in marker.parts
    )


def known_on_linux(comparison: Comparison) -> bool | None:
    """Return whether a comparison with a platform's name holds on Linux, which every image is."""
    for variable, value in _LINUX.items():
        compared = comparison.compares(variable)
        if compared is not None:
            return (compared == value) == (comparison.operator == "==")
    return None


def holds_on_linux(text: str) -> bool:
    """Whether a marker may hold in an image; true if it is not known."""
    marker = parse_marker(text)
    return marker is None or simplified(marker, known_on_linux) != NEVER


def _any(tokens: list[str]) -> tuple[Marker | None, list[str]]:
    found, rest = _all(tokens)
    parts = [found]
    while rest and rest[0] == "or":
        found, rest = _all(rest[1:])
        parts.append(found)
    known = [part for part in parts if part is not None]
    return (either(*known) if len(known) == len(parts) else None), rest


def _all(tokens: list[str]) -> tuple[Marker | None, list[str]]:
    found, rest = _one(tokens)
    parts = [found]
    while rest and rest[0] == "and":
        found, rest = _one(rest[1:])
        parts.append(found)
    known = [part for part in parts if part is not None]
    return (both(*known) if len(known) == len(parts) else None), rest


def _one(tokens: list[str]) -> tuple[Marker | None, list[str]]:
    if tokens[0] == "(":
        found, rest = _any(tokens[1:])
        return (found, rest[1:]) if rest[0] == ")" else (None, rest)
    left, operator, rest = tokens[0], tokens[1], tokens[2:]
    if operator == "not":
        operator, rest = f"not {rest[0]}", rest[1:]
    if operator not in (*_OPPOSITES, "~=", "==="):
        return None, rest
    return Comparison(left, operator, rest[0]), rest[1:]
