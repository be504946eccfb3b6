"""The wildcards of COPY and ADD sources: Go's ``path.Match``.

Decides what a pattern matches and how deep below its fixed part a match can lie. Leaves which patterns are matched
against which paths to ``core.context.selection``. The patterns of ignore files are another language
(``core.ignore.pattern``).

Source: the Go standard library, package ``path``. ``*`` and ``?`` do not match a slash; a class does, in Go, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from fast_container.core.go_path import BadPatternError
from fast_container.core.linear_match import LinearMatcher, Step, is_costly, one_of

_STAR: Final = "[^/]*"


def has_wildcard(text: str) -> bool:
    """Whether BuildKit's ``containsWildcards`` holds."""
    skip = False
    for char in text:
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif char in "*?[":
            return True
    return False


def split_fixed(pattern: str) -> tuple[str, str]:
    """Split off the leading components without a wildcard; BuildKit's ``splitWildcards``."""
    parts = pattern.split("/")
    first = next((index for index, part in enumerate(parts) if has_wildcard(part)), len(parts))
    return "/".join(parts[:first]), "/".join(parts[first:])


def compile_match(pattern: str) -> Callable[[str], object]:
    """Compile the test of a whole string.

    Raises:
        BadPatternError: Go refuses the pattern.
    """
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            # Several in a row are one.
            parts += [_STAR] if parts[-1:] != [_STAR] else []
        elif char == "?":
            parts.append("[^/]")
        elif char == "[":
            text, position = _class(pattern, position)
            parts.append(text)
        elif char == "\\":
            if position == len(pattern):
                raise BadPatternError("it ends with an escape")
            parts.append(re.escape(pattern[position]))
            position += 1
        else:
            parts.append(re.escape(char))
    quick, stars = re.compile("".join(parts)).fullmatch, parts.count(_STAR)
    if stars < 2:
        return quick
    linear: LinearMatcher | None = None

    def matches(text: str) -> object:
        nonlocal linear
        if not is_costly(stars, 0, text):
            return quick(text)
        linear = linear or LinearMatcher([_step(part) for part in parts])
        return linear.matches(text)

    return matches


def _step(part: str) -> Step:
    return Step(one_of("[^/]"), "many") if part == _STAR else Step(one_of(part))


class Descent:
    """Which directories below a pattern's fixed part can hold a match.

    Args:
        rest: The pattern from its first component with a wildcard on.
    """

    def __init__(self, rest: str) -> None:
        self._parts: list[Callable[[str], object]] | None = None
        # A class may stand for a slash.
        self._deepest = rest.count("/") + rest.count("[")
        if "[" not in rest and "\\" not in rest:
            self._parts = [compile_match(part) for part in rest.split("/")]

    def enters(self, depth: int, name: str) -> bool:
        """Whether to enter a directory ``depth`` levels (from 0) below the fixed part."""
        if depth >= self._deepest:
            return False
        return self._parts is None or bool(self._parts[depth](name))


def _class(pattern: str, position: int) -> tuple[str, int]:
    """Translate a character class whose ``[`` ends before the position; return the regular expression and its end."""
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", position)):
        low, position = _class_character(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _class_character(pattern, position + 1)
        ranges.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")
    inside = "".join(ranges)
    if not inside:
        # All its ranges are empty: it matches nothing.
        return ("(?s:.)" if negated else "(?!)"), position + 1
    return f"[{'^' if negated else ''}{inside}]", position + 1


def _class_character(pattern: str, position: int) -> tuple[str, int]:
    if position >= len(pattern) or pattern[position] in "-]":
        raise BadPatternError("a character class is empty, not closed or has a bad range")
    if pattern[position] == "\\":
        position += 1
    if position + 1 >= len(pattern):
        raise BadPatternError("a character class is not closed")
    return pattern[position], position + 1
