"""One pattern of an ignore file: what it is, and which paths it matches by itself.

Decides the four kinds that moby tells apart by a pattern's shape (exact, prefix, suffix, regular
expression) and the test of each. Leaves the list of patterns, their order and what parents decided to
``core.ignore``.

Source: github.com/moby/patternmatcher v0.6.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import methodcaller
from typing import Final, Literal

from fast_container.core.go_path import SPACE, BadPatternError, check_ignore_syntax, clean
from fast_container.core.ignore_regexp import compile_go

Kind = Literal["exact", "prefix", "suffix", "regexp"]

_ESCAPED: Final = frozenset(".+()$")
_WILD: Final = frozenset("*[]?^\\")
_BYTE_ORDER_MARK: Final = "\ufeff"
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """A pattern as moby holds it.

    Attributes:
        text: Cleaned, without the ``!``.
        exception: It had a ``!``: what it matches is kept.
        kind: How it is matched.
        expression: The Go regular expression of the kind ``regexp``; "" for the others.
    """

    text: str
    exception: bool
    kind: Kind
    expression: str

    def test(self) -> Callable[[str], object]:
        """A function from a path to whether this pattern matches that very path.

        Raises:
            BadPatternError: The regular expression is refused. moby finds that out at the first use, and so
                do we.
        """
        if self.kind == "exact":
            return self.text.__eq__
        if self.kind == "prefix":
            return _bytewise("startswith", self.text[:-2])
        if self.kind == "suffix":
            return self._suffix_test()
        search = compile_go(self.expression).search
        return lambda path: search(path if path.isascii() else _NOT_UTF8.sub("\ufffd", path))

    def _suffix_test(self) -> Callable[[str], object]:
        rest = self.text.encode("utf-8", "surrogateescape")[2:].decode("utf-8", "surrogateescape")
        ends = _bytewise("endswith", rest)
        if not rest.startswith("/"):
            return ends
        name = rest[1:]
        return lambda path: path == name or ends(path)

    @property
    def fixed_part(self) -> str:
        """The text without a ``/**`` and then a ``/*`` at its end: what fsutil looks at when it prunes."""
        return self.text.removesuffix("/**").removesuffix("/*")

    @property
    def wild(self) -> bool:
        """Whether the fixed part holds a character that fsutil takes for a wildcard."""
        return not _WILD.isdisjoint(self.fixed_part)


def read_pattern(text: str) -> IgnorePattern | None:
    """A pattern as the matcher receives it; None for a blank one.

    Raises:
        BadPatternError: moby refuses it when the matcher is made.
    """
    text = text.strip(SPACE)
    if not text:
        return None
    text = clean(text)
    exception = text.startswith("!")
    if exception:
        text = text[1:]
        if not text:
            raise BadPatternError("a lone '!' excepts nothing")
    check_ignore_syntax(text)
    kind, expression = _shape(text)
    return IgnorePattern(text, exception, kind, expression if kind == "regexp" else "")


def _shape(text: str) -> tuple[Kind, str]:
    """The kind of a pattern and its Go regular expression."""
    chars = _NOT_UTF8.sub("\ufffd", text).removeprefix(_BYTE_ORDER_MARK)
    kind: Kind = "exact"
    parts = ["^"]
    position = 0
    while position < len(chars):
        first = position == 0
        char = chars[position]
        position += 1
        if char == "*" and chars.startswith("*", position):
            position += 1 + chars.startswith("/", position + 1)
            kind = _double_star(kind, parts, first=first, last=position == len(chars))
        elif char in "*?":
            parts.append("[^/]*" if char == "*" else "[^/]")
            kind = "regexp"
        elif char in _ESCAPED:
            parts.append("\\" + char)
        elif char == "\\" and position < len(chars):
            parts.append("\\" + chars[position])
            position += 1
            kind = "regexp"
        else:
            parts.append(char)
            kind = "regexp" if char in "[]" else kind
    return kind, "".join(parts) + "$"


def _double_star(kind: Kind, parts: list[str], *, first: bool, last: bool) -> Kind:
    if last and kind == "exact":
        return "suffix" if first else "prefix"
    parts.append(".*" if last else "(.*/)?")
    return "suffix" if first else "regexp"


def _bytewise(method: Literal["startswith", "endswith"], text: str) -> Callable[[str], object]:
    """Compare text with a path's begin or end; as bytes where a character could be cut in two."""
    if not _NOT_UTF8.search(text):
        return methodcaller(method, text)
    compare: Callable[[bytes], object] = methodcaller(method, text.encode("utf-8", "surrogateescape"))
    return lambda path: compare(path.encode("utf-8", "surrogateescape"))
