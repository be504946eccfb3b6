"""Regular expressions as Go reads them, written so that Python's ``re`` finds the same.

Decides the differences that matter to a search: ``$`` is the very end, flags hold from where they stand, classes have
ASCII's meaning and POSIX names. What Go refuses (looking around, references back) is refused, and so are Unicode
properties, which Python does not know. Source: package regexp/syntax of Go.
"""

from __future__ import annotations

import re
from typing import Final

_POSIX: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_GROUP: Final = re.compile(r"\(\?(?:P?<(?P<name>\w+)>|(?P<flags>[imsU]*(?:-[imsU]+)?)(?P<end>[:)]))")
_KNOWN_ESCAPES: Final = frozenset("AbBdDsSwWzaftnrvx0123456789")
_REPEATED: Final = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})[*+]")
_MOST_CHARACTERS: Final = 20_000


class NotAnExpressionError(ValueError):
    """Go would refuse it, or Python cannot say it equally."""


def compile_go(text: str) -> re.Pattern[str]:
    """Compile for ``search`` in a string that has U+FFFD where bytes are not UTF-8, as Go sees it.

    Raises:
        NotAnExpressionError: It cannot be had.
    """
    if len(text) > _MOST_CHARACTERS:
        raise NotAnExpressionError("it is too long")
    try:
        return re.compile(_Writer(text).write(), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise NotAnExpressionError(str(error)) from None


class _Writer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[str] = []
        # For each open group: the flags that stand in it, and whether "m" holds.
        self._flags: list[list[str]] = [[]]
        self._multiline = [False]

    def write(self) -> str:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        if len(self._flags) > 1:
            raise NotAnExpressionError("a group is not closed")
        self._close_flags()
        return "".join(self._out)

    def _step(self, char: str) -> None:
        if char == "\\":
            self._escape()
        elif char == "[":
            self._class()
        elif char == "(":
            self._group()
        elif char == ")":
            if len(self._flags) == 1:
                raise NotAnExpressionError("a group is closed that was not opened")
            self._close_flags()
            self._flags.pop()
            self._multiline.pop()
            self._put(")", 1)
        elif char == "|":
            # Flags hold in the alternatives after them, too.
            self._close_flags(keep=True)
            self._put("|" + "".join(self._flags[-1]), 1)
        elif char == "$":
            self._put("$" if self._multiline[-1] else r"\Z", 1)
        elif found := _REPEATED.match(self._text, self._at):
            raise NotAnExpressionError(f"{found[0]} repeats a repetition")
        elif self._text.startswith("{,", self._at):
            self._put(r"\{", 1)
        else:
            self._put(char, 1)

    def _put(self, written: str, read: int) -> None:
        self._out.append(written)
        self._at += read

    def _close_flags(self, *, keep: bool = False) -> None:
        self._out.append(")" * len(self._flags[-1]))
        if not keep:
            self._flags[-1] = []

    def _group(self) -> None:
        found = _GROUP.match(self._text, self._at)
        if found is None:
            if self._text.startswith("(?", self._at):
                raise NotAnExpressionError("Go has no such group")
            self._open("(", 1)
            return
        if found["name"]:
            self._open(f"(?P<{found['name']}>", len(found[0]))
            return
        flags = found["flags"]
        if "U" in flags:
            raise NotAnExpressionError("the flag U is not supported")
        on, _, off = flags.partition("-")
        multiline = (self._multiline[-1] or "m" in on) and "m" not in off
        opening = f"(?{flags}:"
        if found["end"] == ":":
            self._open(opening, len(found[0]))
        else:
            self._flags[-1].append(opening)
            self._put(opening, len(found[0]))
        self._multiline[-1] = multiline

    def _open(self, written: str, read: int) -> None:
        self._flags.append([])
        self._multiline.append(self._multiline[-1])
        self._put(written, read)

    def _escape(self) -> None:
        letter = self._text[self._at + 1 : self._at + 2]
        if letter == "Q":
            quoted, _, _ = self._text[self._at + 2 :].partition("\\E")
            self._put(re.escape(quoted), len(quoted) + 4)
        elif letter == "z":
            self._put(r"\Z", 2)
        else:
            self._put(*self._escaped())

    def _escaped(self) -> tuple[str, int]:
        letter = self._text[self._at + 1 : self._at + 2]
        if not letter:
            raise NotAnExpressionError("it ends with an escape")
        if letter in "pPCG" or letter in "123456789" or (letter.isalnum() and letter not in _KNOWN_ESCAPES):
            raise NotAnExpressionError(f"\\{letter} is not supported")
        if letter == "x" and self._text.startswith("{", self._at + 2):
            digits, _, _ = self._text[self._at + 3 :].partition("}")
            try:
                return re.escape(chr(int(digits, 16))), len(digits) + 4
            except (ValueError, OverflowError):
                raise NotAnExpressionError(f"\\x{{{digits}}} is not a character") from None
        return self._text[self._at : self._at + 2], 2

    def _class(self) -> None:
        self._put("[", 1)
        if self._text.startswith("^", self._at):
            self._put("^", 1)
        if self._text.startswith("]", self._at):
            self._put(r"\]", 1)
        while not self._text.startswith("]", self._at):
            if self._at >= len(self._text):
                raise NotAnExpressionError("a character class is not closed")
            self._class_item()
        self._put("]", 1)

    def _class_item(self) -> None:
        char = self._text[self._at]
        if self._text.startswith("[:", self._at) and (end := self._text.find(":]", self._at)) > 0:
            name = self._text[self._at + 2 : end]
            if name not in _POSIX:
                raise NotAnExpressionError(f"[:{name}:] is not supported")
            self._put(_POSIX[name], end + 2 - self._at)
        elif char == "\\":
            self._put(*self._escaped())
        else:
            # Python reserves doubled signs in classes.
            self._put(f"\\{char}" if char in "[&~|" else char, 1)
