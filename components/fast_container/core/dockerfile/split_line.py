"""Splits one logical line of a Dockerfile into keyword, flags and arguments.

Decides how the line of each instruction is cut into words. Nothing is expanded here; which lines are well-formed is
left to ``read_instructions``. Source: BuildKit v0.34.2, ``frontend/dockerfile/parser``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast

from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.parsed_line import ParsedLine
from fast_container.core.go_path import SPACE

_BLANKS: Final = re.compile(r"[\t\v\f\r ]+")
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPACES: Final = frozenset(SPACE)
# Characters of a flag that always stand for themselves.
_PLAIN: Final = re.compile(rf"[^{SPACE}'\"\\`]+")
_ONLY_STRINGS: Final = "when using JSON array syntax, arrays must be comprised of strings only"


_Arguments = tuple[tuple[str, ...], bool]


def read_line(line: str, escape: str) -> ParsedLine:
    """Split one logical line.

    Raises:
        RefusedError: BuildKit's parser would refuse the line by itself.
    """
    keyword, flags, rest, args, is_json = _split(line, escape)
    if keyword.upper() == "ONBUILD":
        child = read_line(rest, escape) if rest else None
        return ParsedLine(keyword, line, flags, (child.keyword, *child.args) if child else (), child=child)
    return ParsedLine(keyword, line, flags, args, is_json)


@lru_cache(maxsize=512)
def _split(line: str, escape: str) -> tuple[str, tuple[str, ...], str, tuple[str, ...], bool]:
    """Return keyword, flags, the rest, its words, and whether they were JSON; cached, since files share lines."""
    parts = _BLANKS.split(line.strip(SPACE), maxsplit=1)
    keyword = parts[0]
    flags: tuple[str, ...] = ()
    rest = ""
    if len(parts) == 2:
        rest, flags = _take_flags(parts[1], escape)
        rest = rest.strip(SPACE)
    split = _SPLITTERS.get(keyword.upper())
    args, is_json = split(rest, escape) if split else ((), False)
    return keyword, flags, rest, args, is_json


def split_pairs(rest: str, name: str, escape: str) -> tuple[str, ...]:
    """Split the pairs of ``ENV`` and ``LABEL``, three words each."""
    words = _quoted_words(rest, escape)
    if not words:
        return ()
    if "=" not in words[0]:
        parts = _BLANKS.split(rest, maxsplit=1)
        if len(parts) < 2:
            raise RefusedError(f"{name} must have two arguments")
        return (parts[0], parts[1], "")
    result: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise RefusedError(f"can't find = in {word!r}; it must be of the form name=value")
        result += (key, value, "=")
    return tuple(result)


def _take_flags(line: str, escape: str) -> tuple[str, tuple[str, ...]]:
    """Cut the flags off; return the rest and the flags. Every byte is a character of its own here."""
    if line.isascii() and not line.lstrip(SPACE).startswith("--"):
        return line.lstrip(SPACE), ()
    data = line.encode("utf-8", "surrogateescape").decode("latin-1")
    flags: list[str] = []
    at = 0
    while True:
        while at < len(data) and data[at] in _SPACES:
            at += 1
        if not data.startswith("--", at):
            break
        word, at = _flag_word(data, at, escape)
        if word == "--":
            break
        flags.append(word)
    return data[at:].encode("latin-1").decode("utf-8", "surrogateescape"), tuple(flags)


def _flag_word(data: str, at: int, escape: str) -> tuple[str, int]:
    result: list[str] = []
    quote = ""
    while at < len(data):
        plain = _PLAIN.match(data, at)
        if plain is not None:
            result.append(plain.group())
            at = plain.end()
            continue
        char = data[at]
        if not quote and char in _SPACES:
            break
        at += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            if at == len(data):
                break
            result.append(data[at])
            at += 1
        else:
            result.append(char)
    return "".join(result), at


def _quoted_words(rest: str, escape: str) -> list[str]:
    """Split a line into words that quotes and escapes hold together; both stay in the words."""
    rest = _NOT_UTF8.sub("\ufffd", rest)
    if escape not in rest and "'" not in rest and '"' not in rest:
        return _plain_words(rest)
    words: list[str] = []
    word: list[str] = []
    quote = ""
    started = False
    at = 0
    while at < len(rest):
        char = rest[at]
        at += 1
        if not quote and char in _SPACES:
            if started:
                words.append("".join(word))
            word, started = [], False
            continue
        if char == escape and quote != "'":
            if at == len(rest):
                break
            word += (char, rest[at])
            started = True
            at += 1
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        word.append(char)
        started = True
    if started:
        words.append("".join(word))
    return words


_TO_BLANK: Final = dict.fromkeys(map(ord, SPACE), " ")


def _plain_words(rest: str) -> list[str]:
    return [word for word in rest.translate(_TO_BLANK).split(" ") if word]


def _blank_separated(rest: str, escape: str) -> _Arguments:
    return (tuple(_BLANKS.split(rest)) if rest else ()), False


def _one_string(rest: str, escape: str) -> _Arguments:
    return ((rest,) if rest else ()), False


def _names(rest: str, escape: str) -> _Arguments:
    return tuple(_quoted_words(rest, escape)), False


def _env(rest: str, escape: str) -> _Arguments:
    return split_pairs(rest, "ENV", escape), False


def _label(rest: str, escape: str) -> _Arguments:
    return split_pairs(rest, "LABEL", escape), False


def _json_or_string(rest: str, escape: str) -> _Arguments:
    array = _json_array(rest)
    return (array, True) if array is not None else _one_string(rest, escape)


def _json_or_words(rest: str, escape: str) -> _Arguments:
    array = _json_array(rest)
    return (array, True) if array is not None else _blank_separated(rest, escape)


def _healthcheck(rest: str, escape: str) -> _Arguments:
    kind, _, command = rest.translate(_TO_BLANK).partition(" ") if rest.isascii() else rest.partition(" ")
    if not kind:
        return (), False
    args, is_json = _json_or_string(rest[len(kind) :].lstrip(SPACE) if command else "", escape)
    return (kind, *args), is_json


def _json_array(rest: str) -> tuple[str, ...] | None:
    """Read a JSON array of strings; None if it is not one, and the line is read as words.

    Raises:
        RefusedError: An array with other elements.
    """
    rest = rest.lstrip(SPACE)
    if not rest.startswith("["):
        return None
    try:
        array = cast(
            "list[Any]",
            json.loads(_NOT_UTF8.sub("\ufffd", rest), parse_constant=_no_constant, parse_float=_finite),
        )
    except ValueError:
        return None
    except RecursionError:
        raise RefusedError(_ONLY_STRINGS) from None
    if not all(isinstance(item, str) for item in array):
        raise RefusedError(_ONLY_STRINGS)
    return tuple(_SURROGATE.sub("\ufffd", item) for item in array)


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


_SPLITTERS: Final[dict[str, Callable[[str, str], _Arguments]]] = {
    "ADD": _json_or_words,
    "ARG": _names,
    "CMD": _json_or_string,
    "COPY": _json_or_words,
    "ENTRYPOINT": _json_or_string,
    "ENV": _env,
    "EXPOSE": _blank_separated,
    "FROM": _blank_separated,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _one_string,
    "RUN": _json_or_string,
    "SHELL": _json_or_string,
    "STOPSIGNAL": _one_string,
    "USER": _one_string,
    "VOLUME": _json_or_words,
    "WORKDIR": _one_string,
}
KEYWORDS: Final = frozenset([*_SPLITTERS, "ONBUILD"])
