"""The patterns of ``${V#p}``, ``${V%p}`` and ``${V/p/r}``.

Decides what such a pattern matches in a value. Source: BuildKit v0.34.2, ``frontend/dockerfile/shell``.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.dockerfile.model import RefusedError

_TEMPLATE: Final = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


def trim_prefix(pattern: str, value: str, *, greedy: bool) -> str:
    """The value without the shortest (or longest) begin that matches.

    Raises:
        RefusedError: A bad escape in the pattern.
    """
    found = _compile(pattern, greedy=greedy).match(value)
    return value[found.end() :] if found else value


def trim_suffix(pattern: str, value: str, *, greedy: bool) -> str:
    """The value without the shortest (or longest) end that matches; worked out backwards, as BuildKit does."""
    return trim_prefix(_reversed_pattern(pattern), value[::-1], greedy=greedy)[::-1]


def replace_matches(pattern: str, value: str, replacement: str, *, every: bool) -> str:
    """The value with the first match, or every match, replaced.

    With ``every``, ``$0`` in the replacement is the match and other ``$name`` are empty: BuildKit hands it to Go's
    template.
    """
    expression = _compile(pattern, greedy=True)
    if not every:
        found = expression.search(value)
        return value if found is None else value[: found.start()] + replacement + value[found.end() :]
    parts: list[str] = []
    last_end = 0
    for found in expression.finditer(value):
        if found.end() > last_end or found.start() == 0:
            parts += (value[last_end : found.start()], _fill(replacement, found.group()))
            last_end = found.end()
    return "".join(parts) + value[last_end:]


def _fill(template: str, match: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        return match if (found[2] or found[3]) == "0" else ""

    return _TEMPLATE.sub(value, template)


def _compile(pattern: str, *, greedy: bool) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        following = pattern[position : position + 1]
        if char == "*":
            parts.append(".*" if greedy else ".*?")
        elif char == "?":
            parts.append(".")
        elif char != "\\":
            parts.append(re.escape(char))
        elif following not in ("}", "/"):
            if not following or following not in "*?\\":
                raise RefusedError(f"invalid pattern ({pattern}) in substitution: invalid escape")
            parts.append(re.escape(following))
            position += 1
    return re.compile("".join(parts))


def _reversed_pattern(pattern: str) -> str:
    units = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join(reversed(units))
