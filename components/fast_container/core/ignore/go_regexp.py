"""Regular expressions as Go reads them, written so that Python gives the same answers.

moby turns an ignore pattern into a Go regular expression and forgets to escape some characters, so users' patterns
reach Go's parser. This module decides what such an expression means to Go (package ``regexp/syntax``, flags ``Perl``)
and writes an equal one for Python's ``re``; it refuses what Go refuses, or Python cannot say equally. Leaves searching
to ``core.ignore.go_expression``, and how the expression comes about to ``core.ignore.pattern``.

Only the part of Go's syntax that can arise is read: moby always escapes or replaces ``(``, ``)``, ``+``, ``?`` and
``$`` of a pattern, so groups and lazy repetitions come from moby's own ``(.*/)?`` alone.
"""

from __future__ import annotations

import re
import sys
from typing import Final

from fast_container.core.go_path import BadPatternError
from fast_container.core.ignore.go_expression import BEGIN, DIRECTORIES, Atom, GoExpression

Ranges = list[tuple[int, int]]

_MAX_REPEAT: Final = 1000
_ANY_DIRECTORY: Final = "(.*/)?"
_REPEAT: Final = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_DIGIT: Final[Ranges] = [(0x30, 0x39)]
_WORD: Final[Ranges] = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_BLANK: Final[Ranges] = [(0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)]
_PERL: Final = {"d": _DIGIT, "w": _WORD, "s": _BLANK}
_POSIX: Final[dict[str, Ranges]] = {
    "alnum": [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
    "alpha": [(0x41, 0x5A), (0x61, 0x7A)],
    "ascii": [(0x00, 0x7F)],
    "blank": [(0x09, 0x09), (0x20, 0x20)],
    "cntrl": [(0x00, 0x1F), (0x7F, 0x7F)],
    "digit": _DIGIT,
    "graph": [(0x21, 0x7E)],
    "lower": [(0x61, 0x7A)],
    "print": [(0x20, 0x7E)],
    "punct": [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
    "space": [(0x09, 0x0D), (0x20, 0x20)],
    "upper": [(0x41, 0x5A)],
    "word": _WORD,
    "xdigit": [(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
}
_OPERATORS: Final = {"^": BEGIN, "$": r"\Z", ".": "."}
_CONTROL: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


_MOST_CHARACTERS: Final = 20_000


def compile_go(*expressions: str) -> GoExpression:
    """Compile for ``search``; the subject has U+FFFD for each byte that is not UTF-8, as Go sees it.

    Args:
        expressions: The search finds any of them.

    Raises:
        BadPatternError: Go would refuse one, or Python has no equal form.
    """
    try:
        branches = [branch for expression in expressions for branch in _Reader(expression).read()]
        if any(sum([atom.high or atom.low + 1 for atom in atoms]) > _MOST_CHARACTERS for atoms in branches):
            raise BadPatternError("it has too many repetitions")
        return GoExpression(branches)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadPatternError(f"its regular expression cannot be compiled: {error}") from None


class _Reader:
    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0

    def read(self) -> list[list[Atom]]:
        branches: list[list[Atom]] = []
        atoms: list[Atom] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "|":
                self._at += 1
                branches.append(atoms)
                atoms = []
            elif char in "*{" and self._repetition(atoms):
                pass
            else:
                atoms += self._atoms(char)
        return [*branches, atoms]

    def _atoms(self, char: str) -> list[Atom]:
        if self._text.startswith(_ANY_DIRECTORY, self._at):
            self._at += len(_ANY_DIRECTORY)
            return [Atom(DIRECTORIES, repeated=True)]
        if char == "[":
            return [self._class()]
        if char == "\\":
            return self._escape()
        self._at += 1
        known = _OPERATORS.get(char)
        return [_literal(ord(char)) if known is None else Atom(known)]

    def _repetition(self, atoms: list[Atom]) -> bool:
        """Apply ``*`` or ``{n,m}`` to the last atom; False where Go reads a plain brace."""
        if self._text[self._at] == "*":
            length, times, low, high = 1, "*", 0, None
        else:
            found = _REPEAT.match(self._text, self._at)
            if found is None:
                return False
            length, times = found.end() - found.start(), found.group()
            low = int(found[1])
            high = int(found[3]) if found[3] else None if found[2] else low
            if max(low, high or 0) > _MAX_REPEAT or (high is not None and low > high):
                raise BadPatternError(f"{times} is not a repetition that Go accepts")
        if not atoms:
            raise BadPatternError(f"there is nothing for {times} to repeat")
        last = atoms[-1]
        if last.repeated:
            raise BadPatternError(f"{times} repeats a repetition")
        star = times == "*" and last.text == "[^/]"
        atoms[-1] = Atom(f"{last.text}{times}", star=star, repeated=True, base=last.text, low=low, high=high)
        self._at += length
        return True

    def _class(self) -> Atom:
        self._at += 1
        negated = self._text.startswith("^", self._at)
        self._at += negated
        ranges: Ranges = []
        first = True
        while first or not self._text.startswith("]", self._at):
            ranges += self._class_item()
            first = False
        self._at += 1
        return _class_atom(_complement(ranges) if negated else ranges)

    def _class_item(self) -> Ranges:
        if self._text.startswith("[:", self._at):
            end = self._text.find(":]", self._at + 2)
            if end >= 0:
                name = self._text[self._at + 2 : end]
                self._at = end + 2
                ranges = _POSIX.get(name.removeprefix("^"))
                if ranges is None:
                    raise BadPatternError(f"[:{name}:] is not a character class")
                return _complement(ranges) if name.startswith("^") else ranges
        if self._text.startswith("\\", self._at):
            perl = self._perl_class()
            if perl is not None:
                return perl
        low = high = self._class_char()
        if self._text.startswith("-", self._at) and not self._text.startswith("]", self._at + 1):
            self._at += 1
            high = self._class_char()
        if high < low:
            raise BadPatternError("a range of a character class runs backwards")
        return [(low, high)]

    def _class_char(self) -> int:
        if self._at >= len(self._text):
            raise BadPatternError("a character class is not closed with ']'")
        char = self._text[self._at]
        self._at += 1
        return self._escaped() if char == "\\" else ord(char)

    def _perl_class(self) -> Ranges | None:
        r"""Read ``\d`` and the like at a backslash, or return None; refuse Unicode properties."""
        letter = self._text[self._at + 1 : self._at + 2]
        if letter in ("p", "P"):
            raise BadPatternError(f"\\{letter} is a Unicode property to Go; write the characters out")
        ranges = _PERL.get(letter.lower())
        if ranges is None:
            return None
        self._at += 2
        return _complement(ranges) if letter.isupper() else ranges

    def _escape(self) -> list[Atom]:
        letter = self._text[self._at + 1 : self._at + 2]
        if letter == "Q":
            quoted, _, _ = self._text[self._at + 2 :].partition("\\E")
            self._at = min(self._at + 2 + len(quoted) + 2, len(self._text))
            return [_literal(ord(char)) for char in quoted]
        if letter in ("A", "b", "B", "z"):
            self._at += 2
            return [Atom("(?:\\Z)" if letter == "z" else f"(?:\\{letter})")]
        perl = self._perl_class()
        if perl is not None:
            return [_class_atom(perl)]
        self._at += 1
        return [_literal(self._escaped())]

    def _escaped(self) -> int:
        """Read the character of an escape, after the backslash."""
        if self._at >= len(self._text):
            raise BadPatternError("it ends with an escape")
        char = self._text[self._at]
        self._at += 1
        if char in "01234567":
            digits = re.compile("[0-7]{0,2}").match(self._text, self._at)
            more = digits.group() if digits else ""
            if char != "0" and not more:
                raise BadPatternError(f"\\{char} would be a back reference")
            self._at += len(more)
            return int(char + more, 8)
        if char == "x":
            return self._hexadecimal()
        if char in _CONTROL:
            return _CONTROL[char]
        if char.isascii() and not char.isalnum():
            return ord(char)
        raise BadPatternError(f"\\{char} is not an escape of Go's regular expressions")

    def _hexadecimal(self) -> int:
        found = re.compile(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})").match(self._text, self._at)
        value = int(found[1] or found[2], 16) if found else sys.maxunicode + 1
        if found is None or value > sys.maxunicode:
            raise BadPatternError("\\x is not followed by the number of a character")
        self._at = found.end()
        return value


def _literal(code: int) -> Atom:
    return Atom(re.escape(chr(code)), in_name=code != 0x2F)


def _complement(ranges: Ranges) -> Ranges:
    result: Ranges = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            result.append((start, low - 1))
        start = max(start, high + 1)
    if start <= sys.maxunicode:
        result.append((start, sys.maxunicode))
    return result


def _class_atom(ranges: Ranges) -> Atom:
    if _complement(ranges) == [(0x2F, 0x2F)]:
        return Atom("[^/]", in_name=True)
    if not ranges:
        return Atom(r"(?!)")
    text = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
    return Atom(f"[{text}]", in_name=not any(low <= 0x2F <= high for low, high in ranges))
