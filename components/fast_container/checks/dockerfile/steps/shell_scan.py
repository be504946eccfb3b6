"""A shell script as commands of raw words.

Decides where commands and words begin and end: operators, quotes, substitutions, comments, redirections and heredocs.
Leaves removing quotes and expanding variables to ``shell_commands``. What it cannot read it says, and nothing is
concluded from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_PLAIN: Final = re.compile(r"[^\s\\'\"`$#;&|()<>]+")
_REDIRECTION: Final = re.compile(r"<<-?(?!<)|<<<|<>|>>|>&|<&|>\||[<>]")
_CLOSING: Final = {"(": ")", "{": "}"}
_DEEPEST: Final = 50


class UnreadableScriptError(Exception):
    """A script that is not understood: an open quote or substitution."""


@dataclass(slots=True)
class RawCommand:
    """One command.

    Attributes:
        words: As written, quotes and all, without redirections.
        pipeline: Number of the pipeline that it is in.
    """

    pipeline: int
    words: list[str] = field(default_factory=list[str])


def scan(script: str) -> Iterator[RawCommand]:
    """Cut a script into commands.

    Raises:
        UnreadableScriptError: A quote or substitution is not closed.
    """
    return _Scanner(script).commands()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._word: list[str] = []
        self._command = RawCommand(0)
        self._pipeline = 0
        self._redirects = ""
        self._documents: list[tuple[str, bool]] = []

    def commands(self) -> Iterator[RawCommand]:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in ";&|()\n":
                yield from self._operator(char)
            elif char.isspace():
                self._at += 1
                self._end_word()
            elif char in "<>":
                self._redirection()
            elif char == "#" and not self._word:
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                self._part(char)
        yield from self._end_command()

    def _operator(self, char: str) -> Iterator[RawCommand]:
        if char == "&" and self._text[self._at + 1 : self._at + 2] == ">":
            self._end_word()
            self._at += 1
            return
        yield from self._end_command()
        two = self._text[self._at : self._at + 2]
        self._at += 2 if two in ("&&", "||", ";;", "|&") else 1
        if char != "|" or two == "||":
            self._pipeline += 1
        self._command = RawCommand(self._pipeline)
        if char == "\n":
            self._skip_documents()

    def _redirection(self) -> None:
        if not (self._word and all(part.isdecimal() for part in self._word)):
            self._end_word()
        self._word.clear()
        found = _REDIRECTION.match(self._text, self._at)
        self._redirects = found.group() if found else "<"
        self._at += len(self._redirects)

    def _part(self, char: str) -> None:
        start = self._at
        plain = _PLAIN.match(self._text, start)
        if plain is not None:
            self._at = plain.end()
        elif char == "\\":
            self._at += 2
            if self._text[start + 1 : start + 2] == "\n":
                return
        elif char in "'\"`":
            self._at = _end_of_quote(self._text, start)
        elif char == "$" and self._text[start + 1 : start + 2] in _CLOSING:
            self._at = _end_of_nested(self._text, start + 1)
        else:
            self._at += 1
        self._word.append(self._text[start : self._at])

    def _end_word(self) -> None:
        if not self._word:
            return
        word = "".join(self._word)
        self._word.clear()
        if self._redirects:
            if self._redirects in ("<<", "<<-"):
                self._documents.append((word.strip("'\"").replace("\\", ""), self._redirects == "<<-"))
            self._redirects = ""
            return
        self._command.words.append(word)

    def _end_command(self) -> Iterator[RawCommand]:
        self._end_word()
        self._redirects = ""
        if self._command.words:
            yield self._command
        self._command = RawCommand(self._pipeline)

    def _skip_documents(self) -> None:
        for name, chomp in self._documents:
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = min(end + 1, len(self._text))
                if (line.lstrip("\t") if chomp else line) == name:
                    break
        self._documents.clear()


def _end_of_quote(text: str, start: int) -> int:
    quote, at = text[start], start + 1
    while at < len(text):
        char = text[at]
        if char == quote:
            return at + 1
        if char == "\\" and quote != "'":
            at += 1
        elif char == "$" and quote == '"' and text[at + 1 : at + 2] in _CLOSING:
            at = _end_of_nested(text, at + 1) - 1
        at += 1
    raise UnreadableScriptError(f"a {quote} is not closed")


def _end_of_nested(text: str, start: int, depth: int = 0) -> int:
    if depth > _DEEPEST:
        raise UnreadableScriptError("substitutions are nested too deep")
    opening, closing, at = text[start], _CLOSING[text[start]], start + 1
    while at < len(text):
        char = text[at]
        if char == closing:
            return at + 1
        if char == "\\":
            at += 1
        elif char == opening:
            at = _end_of_nested(text, at, depth + 1) - 1
        elif char in "'\"" and not (opening == "{" and char == "'"):
            at = _end_of_quote(text, at) - 1
        at += 1
    raise UnreadableScriptError(f"a {opening} is not closed")
