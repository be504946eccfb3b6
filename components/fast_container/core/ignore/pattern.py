"""One pattern of an ignore file: what it is, and which paths it matches by itself.

Decides the four kinds that moby tells apart by a pattern's shape (exact, prefix, suffix, regular expression) and the
test of each. Leaves the list of patterns, their order and the results of parent directories to ``core.ignore.rules``.

Source: github.com/moby/patternmatcher v0.6.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import methodcaller
from typing import Final, Literal

from fast_container.core.go_path import SPACE, BadPatternError, check_ignore_syntax, clean
from fast_container.core.ignore.go_regexp import compile_go

Kind = Literal["exact", "prefix", "suffix", "regexp"]

_ESCAPED: Final = frozenset(".+()$")
_WILD: Final = frozenset("*[]?^\\")
_BYTE_ORDER_MARK: Final = "\ufeff"
_CLASS_OR_ESCAPE: Final = frozenset("[\\")
# Characters with a meaning: a pattern with one is more than a name or a path.
_SHAPING: Final = frozenset("*?[]\\\ufeff")
# Characters that stand for themselves in every pattern.
_LITERAL_BEGIN: Final = re.compile(r"[A-Za-z0-9_./@+~=,%-]*")
_LITERAL_END: Final = re.compile(r"[A-Za-z0-9_./@+~=,%-]*\Z")
# Characters that moby forgets to escape, and "\\", after which letters and digits mean something else to Go ("\\x41",
# "\\101", "\\Q"): only the pattern's own regular expression decides what such a pattern matches.
_NOT_PLAIN: Final = frozenset("{}|^\\")
_WILD_RUN: Final = re.compile(r"\*\*/?|[*?]")
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """A pattern as moby holds it.

    Attributes:
        text: Cleaned, without the ``!``.
        exception: It had a ``!``: it brings back what it matches.
        kind: How it is matched.
        expression: The Go regular expression of the kind ``regexp``; "" for the others.
    """

    text: str
    exception: bool
    kind: Kind
    expression: str

    def test(self, refusal: Callable[[BadPatternError], Exception]) -> Callable[[str], object]:
        """Make the function that says whether this pattern matches exactly a given path.

        Args:
            refusal: Makes the error when the regular expression is refused. moby finds that out at the first use, and
                so do
                we.
        """
        if self.kind == "exact":
            return self.text.__eq__
        if self.kind == "prefix":
            return _bytewise("startswith", self.text[:-2])
        if self.kind == "suffix":
            return self._suffix_test()
        if self.text == "*":
            return lambda path: "/" not in path
        return self._regexp_test(refusal)

    def _regexp_test(self, refusal: Callable[[BadPatternError], Exception]) -> Callable[[str], object]:
        # Compiled when first needed: one search for all patterns settles most paths.
        search: Callable[[str], object] | None = None
        needle = self.needle

        def matches(path: str) -> object:
            nonlocal search
            if needle not in path:
                return None
            if search is None:
                try:
                    search = compile_go(self.expression).search
                except BadPatternError as error:
                    raise refusal(error) from None
            return search(path if path.isascii() else _NOT_UTF8.sub("\ufffd", path))

        return matches

    def _suffix_test(self) -> Callable[[str], object]:
        rest = self.text.encode("utf-8", "surrogateescape")[2:].decode("utf-8", "surrogateescape")
        ends = _bytewise("endswith", rest)
        if not rest.startswith("/"):
            return ends
        name = rest[1:]
        return lambda path: path == name or ends(path)

    @property
    def needle(self) -> str:
        """A string that every matching path contains; "" if none is known."""
        if not self.text.isascii() or not _NOT_PLAIN.isdisjoint(self.text) or "[" in self.text:
            return ""
        return max(_WILD_RUN.split(self.text), key=len)

    @property
    def literal_ends(self) -> tuple[str, str]:
        """How each matching path ends, and how it begins; "" if that is not known."""
        if not _NOT_PLAIN.isdisjoint(self.text):
            return "", ""
        found = _LITERAL_END.search(self.text)
        end = found.group() if found is not None else ""
        begin = _LITERAL_BEGIN.match(self.text)
        # A leading slash may belong to "**/", which also stands for nothing.
        return end.lstrip("/"), begin.group() if begin is not None else ""

    @property
    def fixed_part(self) -> str:
        """The pattern without a ``/**`` and then a ``/*`` at its end: fsutil looks at this when it prunes."""
        return self.text.removesuffix("/**").removesuffix("/*")

    @property
    def wild(self) -> bool:
        """Whether the fixed part holds a character that fsutil takes for a wildcard."""
        return not _WILD.isdisjoint(self.fixed_part)


def read_pattern(text: str) -> IgnorePattern | None:
    """Read a pattern as the matcher receives it; None for a blank one.

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
            raise BadPatternError("a lone '!' brings nothing back")
    if not _CLASS_OR_ESCAPE.isdisjoint(text):
        check_ignore_syntax(text)
    kind, expression = _shape(text)
    return IgnorePattern(text, exception, kind, expression if kind == "regexp" else "")


def _shape(text: str) -> tuple[Kind, str]:
    """Return the kind of a pattern, and its Go regular expression if it needs one."""
    if _SHAPING.isdisjoint(text.removeprefix("**/")):
        return ("suffix" if text.startswith("**/") else "exact"), ""
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
    """Compare with a path's begin or end; as bytes where a character could be cut in two."""
    if not _NOT_UTF8.search(text):
        return methodcaller(method, text)
    compare: Callable[[bytes], object] = methodcaller(method, text.encode("utf-8", "surrogateescape"))
    return lambda path: compare(path.encode("utf-8", "surrogateescape"))
