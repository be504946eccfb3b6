"""The text of a Dockerfile, and edits of it that leave every other byte alone.

Decides where instructions lie in the text, which line ending a new line gets, and that edits which touch one another
are never applied together. Leaves which edits there are to the fixes beside it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.dockerfile.lines import ParsedFile
from fast_container.core.dockerfile.parsed_line import ParsedLine
from fast_container.core.go_path import SPACE

_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of the text, and what stands there afterwards.

    Attributes:
        start: Where the part begins.
        end: Where it ends; ``start`` for an insertion.
        text: The new text.
    """

    start: int
    end: int
    text: str


class SourceText:
    """A decoded Dockerfile with the places of its lines.

    Args:
        text: Decoded with surrogate escapes; a byte order mark is kept.
        parsed: Its instructions.

    Attributes:
        text: The text.
        escape: The escape character.
        syntax: The image that ``# syntax`` names; ``""`` without one.
    """

    def __init__(self, text: str, parsed: ParsedFile) -> None:
        self.text = text
        self.escape = escape = parsed.escape
        self.syntax = parsed.directives.get("syntax", "")
        self._nodes = {node.line: node for node in parsed.nodes}
        start = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0
        self._starts = [start, *(found.end() for found in re.finditer("\n", text))]
        self._open = re.compile(rf"(?:^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*\Z")

    def place(self, line: int) -> int:
        """Where a line begins; the end of the text for one after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def line(self, number: int) -> str:
        """One line, without its end."""
        return self.text[self.place(number) : self.place(number + 1)].rstrip("\r\n")

    def raw(self, node: ParsedLine) -> str:
        """The lines of an instruction, with their ends."""
        return self.text[self.place(node.line) : self.place(node.last_line + 1)]

    def last_line(self, line: int) -> int:
        """The last line of the instruction that begins at a line."""
        return self._nodes[line].last_line

    def code_lines(self, node: ParsedLine) -> Iterator[int]:
        """Numbers of an instruction's lines that are not comments."""
        for number in range(node.line, node.last_line + 1):
            if not self.line(number).lstrip(SPACE).startswith("#"):
                yield number

    def continues(self, line: int) -> bool:
        """Whether a line ends in a continuation."""
        return self._open.search(self.line(line)) is not None

    def has_end(self, node: ParsedLine) -> bool:
        """Whether a line after an instruction would be one of its own: not after a continuation at the file's end."""
        code = list(self.code_lines(node))
        is_last = node.last_line >= len(self._starts) or not self.text[self.place(node.last_line + 1) :].strip()
        return not is_last or not code or bool(node.heredocs) or not self.continues(code[-1])

    def ending(self, line: int) -> str:
        """The end of a line; that of the first line where it has none."""
        for number in (line, 1):
            raw = self.text[self.place(number) : self.place(number + 1)]
            if raw.endswith("\n"):
                return "\r\n" if raw.endswith("\r\n") else "\n"
        return "\n"

    def inserted_after(self, line: int, new: Sequence[str]) -> Edit:
        """The edit that puts lines after a line; a file without a line end at its end stays one."""
        end, place = self.ending(line), self.place(line + 1)
        if self.text[:place].endswith("\n") or not place:
            return Edit(place, place, "".join(f"{one}{end}" for one in new))
        return Edit(place, place, "".join(f"{end}{one}" for one in new))


Edits = tuple[Edit, ...]
"""The edits of one fix: all of them are applied, or none."""


def apply_fixes(text: str, fixes: Iterable[Edits]) -> tuple[str, list[bool]]:
    """Apply fixes; one that touches an earlier one is left out.

    Returns:
        The new text, and for each fix whether it was applied.
    """
    taken: list[Edit] = []
    applied: list[bool] = []
    for edits in fixes:
        new = [edit for edit in dict.fromkeys(edits) if not _is_taken(edit, taken)]
        fits = all(_fits(edit, taken) for edit in new)
        applied.append(fits)
        for edit in new if fits else ():
            insort(taken, edit, key=_order)
    parts: list[str] = []
    at = 0
    for edit in taken:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]]), applied


def _order(edit: Edit) -> tuple[int, int]:
    return edit.start, edit.end


def _is_taken(edit: Edit, taken: Sequence[Edit]) -> bool:
    at = bisect_left(taken, _order(edit), key=_order)
    while at < len(taken) and _order(taken[at]) == _order(edit):
        if taken[at] == edit:
            return True
        at += 1
    return False


def _fits(edit: Edit, taken: Sequence[Edit]) -> bool:
    at = bisect_left(taken, _order(edit), key=_order)
    return not any(_overlap(edit, other) for other in taken[max(at - 1, 0) : at + 1])


def _overlap(one: Edit, other: Edit) -> bool:
    if one.start == other.start:
        return one.end != one.start or other.end != other.start
    return one.start < other.end and other.start < one.end
