"""The patterns of ``${V#p}``, ``${V%p}`` and ``${V/p/r}``.

Decides what such a pattern matches in a value. Source: BuildKit v0.34.2, ``frontend/dockerfile/shell``.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.linear_match import LinearMatcher, Step, is_costly, one_of

_STAR: Final = ".*?"
# Far more than a variable holds, and still quick to search.
_MOST_SEARCHED: Final = 4_000
_MOST_MATCHES: Final = 100_000
_TEMPLATE: Final = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


def trim_prefix(pattern: str, value: str, *, greedy: bool) -> str:
    """Remove the shortest (or longest) matching prefix.

    Raises:
        RefusedError: A bad escape in the pattern.
    """
    end = _Pattern(pattern).end(value, 0, greedy=greedy)
    return value if end is None else value[end:]


def trim_suffix(pattern: str, value: str, *, greedy: bool) -> str:
    """Remove the shortest (or longest) matching suffix; matched backwards, as BuildKit does."""
    return trim_prefix(_reversed_pattern(pattern), value[::-1], greedy=greedy)[::-1]


def replace_matches(pattern: str, value: str, replacement: str, *, every: bool) -> str:
    """Replace the first match, or every match.

    With ``every``, ``$0`` in the replacement is the match and other ``$name`` are empty: BuildKit hands it to Go's
    template.
    """
    expression = _Pattern(pattern)
    parts: list[str] = []
    last_end = at = 0
    for _ in range(_MOST_MATCHES):
        found = expression.search(value, at) if at <= len(value) else None
        if found is None:
            return "".join(parts) + value[last_end:]
        start, end = found
        if end > last_end or start == 0:
            parts += (value[last_end:start], _fill(replacement, value[start:end]) if every else replacement)
            last_end = end
        if not every:
            return "".join(parts) + value[last_end:]
        at = end if end > start else end + 1
    raise RefusedError(f"the pattern ({pattern}) is found too often to be replaced")


def _fill(template: str, match: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        return match if (found[2] or found[3]) == "0" else ""

    return _TEMPLATE.sub(value, template)


class _Pattern:
    """A pattern as regular expressions, and as steps for when those would take too long."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._parts = _parts(pattern)
        self._stars = self._parts.count(_STAR)

    def end(self, value: str, start: int, *, greedy: bool) -> int | None:
        """Return the end of the shortest (or longest) match that begins there; None for no match."""
        if self._stars < 2 or not is_costly(self._stars, 0, value):
            found = self._compiled(greedy=greedy).match(value, start)
            return found.end() if found else None
        ends = self._linear().ends(value, start)
        return max(ends, default=None) if greedy else next(ends, None)

    def search(self, value: str, start: int) -> tuple[int, int] | None:
        """Return begin and end of the first match, as long as it can be."""
        if self._stars < 2 or not is_costly(self._stars, 0, value):
            found = self._compiled(greedy=True).search(value, start)
            return found.span() if found else None
        if len(value) > _MOST_SEARCHED:
            raise RefusedError(
                f"the pattern ({self._pattern}) has too many stars for a value of {len(value)} characters"
            )
        for begin in range(start, len(value) + 1):
            end = self.end(value, begin, greedy=True)
            if end is not None:
                return begin, end
        return None

    def _compiled(self, *, greedy: bool) -> re.Pattern[str]:
        return re.compile("".join([".*" if greedy and part == _STAR else part for part in self._parts]))

    def _linear(self) -> LinearMatcher:
        any_one = one_of(".")
        return LinearMatcher([Step(any_one, "many") if part == _STAR else Step(one_of(part)) for part in self._parts])


def _parts(pattern: str) -> list[str]:
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        following = pattern[position : position + 1]
        if char == "*":
            # Several in a row are one.
            parts += [_STAR] if parts[-1:] != [_STAR] else []
        elif char == "?":
            parts.append(".")
        elif char != "\\":
            parts.append(re.escape(char))
        elif following not in ("}", "/"):
            if not following or following not in "*?\\":
                raise RefusedError(f"invalid pattern ({pattern}) in substitution: invalid escape")
            parts.append(re.escape(following))
            position += 1
    return parts


def _reversed_pattern(pattern: str) -> str:
    units = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join(reversed(units))
