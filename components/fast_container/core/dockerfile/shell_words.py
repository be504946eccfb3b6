"""Quotes, escapes and variables in the words of a Dockerfile.

Decides what a word expands to, which words of a line may start a heredoc, and which variables were asked for. Leaves
the values of variables to the caller's ``lookup``.

Source: BuildKit v0.34.2, ``frontend/dockerfile/shell``. Bytes that are not UTF-8 become U+FFFD here, as there.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.dockerfile.gathered_words import GatheredWords
from fast_container.core.dockerfile.lex_options import LexOptions, VariableLookup
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.shell_pattern import replace_matches, trim_prefix, trim_suffix

MOST_EXPANDED: Final = 128 << 10
"""Longest expansion of a word's variables, in characters; Linux starts no process with a longer one."""

_SHOWN: Final = 200
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_SPECIAL_PARAMETERS: Final = frozenset("@*#?-$!0")
_SPECIAL: Final = re.compile("[$'\"]")
_PLAIN_RUN: Final = re.compile("[^$'\"<\\\\`{}/:]+")


def to_go_text(text: str) -> str:
    """Decode a string as Go's scanner does: invalid bytes become U+FFFD, a leading byte order mark is dropped."""
    if text.isascii():
        return text
    return _NOT_UTF8.sub("\ufffd", text).removeprefix("\ufeff")


def expand_word(word: str, lookup: VariableLookup, options: LexOptions) -> str:
    """Expand a word and remove its quotes; spaces stay.

    Raises:
        RefusedError: An unclosed quote or brace, an unknown modifier, ``${V:?}`` on an unset variable.
        UnknownValueError: From ``lookup``.
    """
    if not (_SPECIAL.search(word) or options.escape in word):
        return to_go_text(word)
    return _Lexer(word, lookup, options).expand(words=False)[0]


def split_words(text: str, lookup: VariableLookup, options: LexOptions) -> list[str]:
    """Expand a string and split it into words.

    Raises:
        RefusedError: As ``expand_word``.
    """
    return _Lexer(text, lookup, options).expand(words=True)[1]


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class _Lexer:
    def __init__(self, text: str, lookup: VariableLookup, options: LexOptions) -> None:
        self._source = text
        self._text = to_go_text(text)
        self._at = 0
        self._lookup = lookup
        self._options = options
        self._raw_escapes = options.raw_escapes
        self._buffer: list[str] = []
        self._wants_words = True
        self._length = 0

    def expand(self, *, words: bool) -> tuple[str, list[str]]:
        self._wants_words = words
        try:
            return self._until("", raw_escapes=self._raw_escapes, keep_pattern_escapes=False)
        except RefusedError as error:
            raise RefusedError(f"{error.why} (in {_short(self._source)!r})", next_step=error.next_step) from None
        except RecursionError:
            raise RefusedError("variables are nested too deep") from None

    def _peek(self) -> str:
        """The next character; "" at the end."""
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1 if char else 0
        return char

    def _until(self, stop: str, *, raw_escapes: bool, keep_pattern_escapes: bool) -> tuple[str, list[str]]:
        before, self._raw_escapes = self._raw_escapes, raw_escapes
        self._buffer.clear()
        words = GatheredWords(self._buffer)
        result: list[str] = []
        try:
            while char := self._peek():
                if stop and char == stop:
                    self._at += 1
                    return "".join(result), words.finish()
                if char == "$":
                    text = self._dollar()
                    words.add(text)
                elif char == "<":
                    text = self._possible_heredoc()
                    words.add_raw(text)
                elif char in "'\"" and not self._options.skip_quotes:
                    quoted = self._single_quoted if char == "'" else self._double_quoted
                    text = quoted(keep_pattern_escapes)
                    words.add_raw(text)
                else:
                    text = self._plain(words) if self._wants_words else self._plain_run()
                result.append(text)
        finally:
            self._raw_escapes = before
        if stop:
            raise RefusedError(f"unexpected end of statement while looking for matching {stop}")
        return "".join(result), words.finish()

    def _plain(self, words: GatheredWords) -> str:
        char = self._next()
        if char != self._options.escape:
            words.add(char)
            return char
        kept = char if self._raw_escapes else ""
        if kept:
            words.add_raw(kept)
        escaped = self._next()
        if escaped:
            words.add_raw(escaped)
        return kept + escaped

    def _plain_run(self) -> str:
        run = _PLAIN_RUN.match(self._text, self._at)
        if run is None:
            return self._plain(GatheredWords([]))
        self._at = run.end()
        return run.group()

    def _single_quoted(self, keep_pattern_escapes: bool) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._at = len(self._text)
            raise RefusedError("unexpected end of statement while looking for matching single-quote")
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        if keep_pattern_escapes:
            inner = inner.replace(self._options.escape, self._options.escape * 2)
        return f"'{inner}'" if self._options.raw_quotes else inner

    def _double_quoted(self, keep_pattern_escapes: bool) -> str:
        self._at += 1
        result: list[str] = []
        while char := self._peek():
            if char == '"':
                self._at += 1
                inner = "".join(result)
                return f'"{inner}"' if self._options.raw_quotes else inner
            if char == "$":
                result.append(self._dollar())
                continue
            self._at += 1
            if char == self._options.escape:
                following = self._peek()
                if not following:
                    continue
                if following in ('"', "$", self._options.escape):
                    if self._raw_escapes:
                        result.append(char)
                    char = self._next()
                elif self._raw_escapes and (not self._options.raw_quotes or keep_pattern_escapes):
                    result.append(char)
            result.append(char)
        raise RefusedError("unexpected end of statement while looking for matching double-quote")

    def _possible_heredoc(self) -> str:
        self._at += 1
        if self._peek() != "<":
            return "<"
        start = self._at - 1
        self._at += 1
        while self._peek() in ("\t", "\r", " "):
            self._at += 1
        return self._text[start : self._at]

    def _name(self) -> str:
        start = self._at
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self._at += 1
        elif first in _SPECIAL_PARAMETERS:
            self._at += 1
        else:
            while (char := self._peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
                self._at += 1
        return self._text[start : self._at]

    def _dollar(self) -> str:
        self._at += 1
        if self._peek() == "{":
            return self._braces()
        name = self._name()
        if not name:
            return "$"
        value = self._lookup(name)
        if value is None:
            return f"${name}" if self._options.skip_unset else ""
        return self._grown(value)

    def _grown(self, value: str) -> str:
        """Return a variable's value, unless the word becomes longer than any can be."""
        self._length += len(value)
        if self._length > MOST_EXPANDED:
            raise RefusedError("its variables expand to more than a variable of a process can hold (128 KiB)")
        return value

    def _braces(self) -> str:
        return self._grown(self._substituted())

    def _substituted(self) -> str:
        self._at += 1
        if not self._peek():
            raise RefusedError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise RefusedError("syntax error: bad substitution")
        name = self._name()
        modifier = self._next()
        if modifier == "}":
            value = self._lookup(name)
            if value is None:
                return f"${{{name}}}" if self._options.skip_unset else ""
            return value
        if modifier == "/":
            return self._replacement(name)
        if modifier == ":":
            modifier += self._next()
        if modifier[-1:] in ("#", "%") and len(modifier) == 1:
            return self._trimmed(name, modifier)
        if not modifier or modifier in (":#", ":%"):
            raise RefusedError(f"unsupported modifier ({modifier}) in substitution")
        if len(modifier) == 1 and modifier not in "+-?":
            raise RefusedError(f"unsupported modifier ({modifier}) in substitution")
        return self._alternative(name, modifier)

    def _operand(self, stop: str, *, raw_escapes: bool, pattern: bool) -> str:
        try:
            return self._until(stop, raw_escapes=raw_escapes, keep_pattern_escapes=pattern)[0]
        except RefusedError:
            if not self._peek():
                raise RefusedError(f"syntax error: missing '{stop}' in ${{}}") from None
            raise

    def _alternative(self, name: str, modifier: str) -> str:
        word = self._operand("}", raw_escapes=False, pattern=False)
        value = self._lookup(name)
        if value is None and self._options.skip_unset:
            return f"${{{name}{modifier}{word}}}"
        kind = modifier[-1]
        missing = value is None or (modifier[0] == ":" and not value)
        if kind == "-":
            return word if missing else value or ""
        if kind == "+":
            return "" if missing else word
        if kind != "?":
            raise RefusedError(f"unsupported modifier ({modifier}) in substitution")
        if missing:
            state = "unset" if value is None else "empty"
            raise RefusedError(
                f"{name}: {word or f'is not allowed to be {state}'}",
                next_step=f"Give a value for {name}, as a build arg or with ARG or ENV in this stage.",
            )
        return value or ""

    def _trimmed(self, name: str, modifier: str) -> str:
        word = self._operand("}", raw_escapes=True, pattern=True)
        value = self._lookup(name)
        if value is None:
            if self._options.skip_unset:
                return f"${{{name}{modifier}{word}}}"
            value = ""
        greedy = word.startswith(modifier)
        trim = trim_suffix if modifier == "%" else trim_prefix
        return trim(word[1:] if greedy else word, value, greedy=greedy)

    def _replacement(self, name: str) -> str:
        every = self._peek() == "/"
        self._at += every
        pattern = self._operand("/", raw_escapes=True, pattern=True)
        replacement = self._operand("}", raw_escapes=True, pattern=False)
        value = self._lookup(name)
        if value is None:
            if self._options.skip_unset:
                return f"${{{name}/{pattern}/{replacement}}}"
            value = ""
        return replace_matches(pattern, value, replacement, every=every)
