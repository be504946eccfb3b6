"""Splits a Dockerfile into instructions: directives, comments, continuations, heredocs.

Decides where an instruction begins and ends. Leaves the words of a line to ``split_line``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/parser``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from fast_container.core.dockerfile.lex_options import LexOptions
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.parsed_line import Heredoc, ParsedLine
from fast_container.core.dockerfile.shell_words import split_words
from fast_container.core.dockerfile.split_line import read_line
from fast_container.core.go_path import SPACE
from fast_container.core.json_document import parse_json

_LONGEST_LINE: Final = 65535
_LARGEST_FILE: Final = 16 << 20
_DIRECTIVE: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*\Z")
_DIRECTIVES: Final = frozenset(["syntax", "escape", "check"])
_CONTINUED: Final = {
    escape: re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*\Z") for escape in ("\\", "`")
}
_HEREDOC: Final = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")
_BYTE_ORDER_MARK: Final = "\ufeff"
_SEARCH: Final = LexOptions(raw_quotes=True, raw_escapes=True, skip_unset=True)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The instructions of a file.

    Attributes:
        nodes: The instructions, in order.
        escape: The escape character.
        directives: Name → value of the parser directives.
    """

    nodes: tuple[ParsedLine, ...]
    escape: str
    directives: dict[str, str]


def decode(text: bytes) -> str:
    """Decode a file: invalid bytes become surrogate escapes, a byte order mark is dropped."""
    return text.decode("utf-8", "surrogateescape").removeprefix(_BYTE_ORDER_MARK)


def parse_file(text: bytes) -> ParsedFile:
    """Split a Dockerfile into instructions.

    Raises:
        RefusedError: BuildKit's parser would refuse the file; with the line.
    """
    if len(text) > _LARGEST_FILE:
        raise RefusedError("it is larger than 16 MiB")
    return parse_text(decode(text))


def parse_text(text: str) -> ParsedFile:
    """Split a decoded Dockerfile, or a trigger of ``ONBUILD``; like ``parse_file``."""
    reader = _Reader(text)
    nodes = tuple(reader.nodes())
    if not nodes:
        raise RefusedError("there are no instructions in it")
    return ParsedFile(nodes, reader.escape, reader.directives)


def find_syntax(text: bytes) -> str | None:
    """Return the value of the ``syntax`` directive in any of its three forms; None without one."""
    body = decode(text)
    if body.startswith("#!"):
        body = body.partition("\n")[2]
    for comment in ("#", "//"):
        value = _leading_directives(body, comment).get("syntax")
        if value is not None:
            return value
    if not body.lstrip().startswith("{"):
        return None
    try:
        document: Any = parse_json(body)
    except ValueError:
        return None
    value = cast("dict[str, Any]", document).get("syntax") if isinstance(document, dict) else None
    return value if isinstance(value, str) else None


def read_heredoc(word: str) -> Heredoc | None:
    """Read a word as the start of a heredoc, still without content; None for an ordinary word.

    Raises:
        RefusedError: Unclosed quotes in the name.
    """
    found = _HEREDOC.match(word)
    if found is None or not found[3]:
        return None
    words = split_words(found[3], _nothing, LexOptions(skip_unset=True))
    if len(words) != 1:
        return None
    raw = split_words(found[3], _nothing, LexOptions(raw_quotes=True, skip_unset=True))
    if len(raw) != 1:
        raise RefusedError(f"the name of a heredoc cannot be read: {found[3]}")
    return Heredoc(words[0], expand=_quotes(words[0]) == _quotes(raw[0]), chomp=found[2] == "-")


def heredoc_or_none(word: str) -> Heredoc | None:
    """Like ``read_heredoc``, for the sources of COPY and ADD: BuildKit takes an unreadable one for a path."""
    if "<<" not in word:
        return None
    try:
        return read_heredoc(word)
    except RefusedError:
        return None


def _nothing(_name: str) -> str | None:
    return None


def _quotes(word: str) -> int:
    return word.count("'") + word.count('"')


def _is_comment(line: str) -> bool:
    return line.lstrip(SPACE).startswith("#")


def _leading_directives(text: str, comment: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in text.split("\n"):
        directive = _directive(line.removesuffix("\r"), comment)
        if directive is None or directive[0] in values:
            break
        values[directive[0]] = directive[1]
    return values


def _directive(line: str, comment: str) -> tuple[str, str] | None:
    if not line.startswith(comment):
        return None
    found = _DIRECTIVE.match(line[len(comment) :].lstrip(SPACE))
    if found is None or found[1].lower() not in _DIRECTIVES:
        return None
    return found[1].lower(), found[2]


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = _split(text)
        self._at = 0
        self._directives_over = False
        self.escape = "\\"
        self.directives: dict[str, str] = {}

    def nodes(self) -> Iterator[ParsedLine]:
        while self._at < len(self._lines):
            start = self._at + 1
            try:
                node = self._node()
            except RefusedError as error:
                raise RefusedError(error.why, line=error.line or start, next_step=error.next_step) from None
            if node is not None:
                node.line, node.last_line = start, self._at
                yield node

    def _take(self) -> str:
        line = self._lines[self._at]
        self._at += 1
        if (
            len(line) > _LONGEST_LINE // 4
            and len(line.encode("utf-8", "surrogateescape").rstrip(b"\n")) > _LONGEST_LINE
        ):
            raise RefusedError(f"the line is longer than {_LONGEST_LINE} bytes", line=self._at)
        return line

    def _node(self) -> ParsedLine | None:
        line = self._take().rstrip("\r\n").lstrip(SPACE)
        self._read_directive(line)
        line, ended = self._without_continuation("" if line.startswith("#") else line)
        if ended and not line:
            return None
        parts = [line]
        while not ended and self._at < len(self._lines):
            raw = self._take()
            if _is_comment(raw) or not raw.strip(SPACE):
                continue
            line, ended = self._without_continuation(raw.rstrip("\r\n"))
            parts.append(line)
        joined = "".join(parts)
        node = read_line(joined, self.escape)
        if "<<" in joined and node.takes_heredocs:
            node.heredocs = tuple(self._heredocs(joined))
        return node

    def _read_directive(self, line: str) -> None:
        if self._directives_over:
            return
        directive = _directive(line, "#")
        if directive is None:
            self._directives_over = True
            return
        name, value = directive
        if name in self.directives:
            raise RefusedError(f"only one {name} parser directive can be used")
        self.directives[name] = value
        if name == "escape":
            if value not in _CONTINUED:
                raise RefusedError(f"the escape character must be ` or \\, not {value!r}")
            self.escape = value

    def _without_continuation(self, line: str) -> tuple[str, bool]:
        if self.escape not in line:
            return line, True
        found = _CONTINUED[self.escape].search(line)
        if found is None:
            return line, True
        return line[: found.start()] + found[1], False

    def _heredocs(self, line: str) -> Iterator[Heredoc]:
        try:
            words = split_words(line, _nothing, _SEARCH)
        except RefusedError:
            return
        found = [heredoc for word in words if "<<" in word and (heredoc := read_heredoc(word)) is not None]
        for heredoc in found:
            yield replace(heredoc, content=self._content(heredoc))

    def _content(self, heredoc: Heredoc) -> str:
        content: list[str] = []
        while self._at < len(self._lines):
            line = self._take()
            end = line.rstrip("\r\n")
            if (end.lstrip("\t") if heredoc.chomp else end) == heredoc.name:
                return "".join(content)
            content.append(line)
        raise RefusedError(
            "a heredoc is not terminated", next_step=f"End it with a line that holds {heredoc.name} only."
        )


def _split(text: str) -> list[str]:
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
