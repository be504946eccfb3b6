"""Go's rules for paths, as far as BuildKit's answers depend on them.

Decides the result of ``path.Clean``, which patterns ``filepath.Match`` refuses, and what Go calls white space. Leaves
what a pattern matches to ``core.ignore.pattern`` (ignore files) and ``core.select`` (COPY sources).

Source: the Go standard library, packages ``path``, ``path/filepath`` and ``unicode``. Paths are ``str`` with
surrogate escapes for bytes that are not UTF-8; one such escape is one invalid byte to Go.
"""

from __future__ import annotations

from typing import Final

SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters of Go's ``unicode.IsSpace``; Python's ``str.strip()`` also strips four control characters."""


class BadPatternError(ValueError):
    """A pattern that Go refuses; the message says why."""


def clean(path: str) -> str:
    """Return the shortest equal path, as ``path.Clean``; ``"."`` for an empty one."""
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    if rooted:
        return "/" + "/".join(kept)
    return "/".join(kept) or "."


def check_ignore_syntax(pattern: str) -> None:
    """Refuse what ``filepath.Match(pattern, ".")`` refuses.

    moby asks exactly this before it accepts an ignore pattern. The answer depends on the name: pieces after a star that
    the
    name does not reach are not checked.

    Raises:
        BadPatternError: An unclosed or empty class, a bad range, or an escape at the end.
    """
    name = "."
    while pattern:
        star = pattern.startswith("*")
        chunk, pattern = _next_chunk(pattern)
        if star and not chunk:
            return
        rest = _match_chunk(chunk, name)
        if star and (rest is None or (rest and not pattern)):
            # A star may also take the whole name, which is one character long.
            rest = _match_chunk(chunk, name[1:]) if name else None
        if rest is None or (rest and not pattern):
            return
        name = rest


def _next_chunk(pattern: str) -> tuple[str, str]:
    pattern = pattern.lstrip("*")
    in_class = False
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        elif char == "*" and not in_class:
            break
        position += 1
    return pattern[:position], pattern[position:]


def _match_chunk(chunk: str, name: str) -> str | None:
    """Return the rest of the name after the chunk, or None; the whole chunk is checked either way."""
    position = 0
    matches = True
    while position < len(chunk):
        matches = matches and bool(name)
        char = chunk[position]
        position += 1
        if char == "[":
            position, hit = _match_class(chunk, position, name[:1])
            matches = matches and hit
        elif char == "?":
            matches = matches and name[0] != "/"
        else:
            if char == "\\":
                if position == len(chunk):
                    raise BadPatternError("it ends with an escape")
                char = chunk[position]
                position += 1
            matches = matches and name[0] == char
        name = name[1:]
    return name if matches else None


def _match_class(chunk: str, position: int, char: str) -> tuple[int, bool]:
    negated = chunk.startswith("^", position)
    position += negated
    found = False
    ranges = 0
    while not (ranges and chunk.startswith("]", position)):
        low, position = _class_char(chunk, position)
        high = low
        if chunk[position] == "-":
            high, position = _class_char(chunk, position + 1)
        found = found or low <= char <= high
        ranges += 1
    return position + 1, found != negated


def _class_char(chunk: str, position: int) -> tuple[str, int]:
    """Read one character of a class; return it and the position after it. Something always follows."""
    if position >= len(chunk):
        raise BadPatternError("a character class is not closed with ']'")
    if chunk[position] in "-]":
        raise BadPatternError("a character class is empty, or has a '-' without both ends")
    if chunk[position] == "\\":
        position += 1
        if position == len(chunk):
            raise BadPatternError("a character class ends with an escape")
    if "\udc80" <= chunk[position] <= "\udcff":
        raise BadPatternError("a character class holds a byte that is not UTF-8")
    if position + 1 >= len(chunk):
        raise BadPatternError("a character class is not closed with ']'")
    return chunk[position], position + 1
