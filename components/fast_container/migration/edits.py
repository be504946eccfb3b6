"""Changes of a program's text, at the places that its syntax tree names; all else stays as it was written.

Decides that edits never overlap. Leaves what is changed to the callers.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Final

_REMOVED: Final = "\x00"
_AROUND: Final = re.compile(r"(?:\A|\n+)(?:\x00\n+)+")


@dataclass(slots=True)
class Source:
    """A program's text and its tree.

    Attributes:
        text: As it was read.
        tree: Of the text.
    """

    text: str
    tree: ast.Module
    _starts: list[int] = field(default_factory=list[int])
    _edits: list[tuple[int, int, str]] = field(default_factory=list["tuple[int, int, str]"])

    @classmethod
    def of(cls, text: str) -> Source:
        """Parse a program.

        Raises:
            SyntaxError: It is not Python.
            ValueError: It holds a NUL.
        """
        made = cls(text, ast.parse(text))
        place = 0
        for line in text.splitlines(keepends=True):
            made._starts.append(place)
            place += len(line)
        made._starts.append(place)
        return made

    def offset(self, line: int, column: int) -> int:
        """Return the place of a line, from 1, and a column in bytes, as the tree counts."""
        start, end = self._starts[line - 1], self._starts[min(line, len(self._starts) - 1)]
        return start + len(self.text[start:end].encode()[:column].decode(errors="replace"))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return start and end of a node."""
        found = (getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))
        line, column, end_line, end_column = found
        return self.offset(line, column), self.offset(end_line, end_column)

    def words(self, node: ast.AST) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def indent(self, node: ast.expr) -> str:
        """Return the indentation of the line in which a node begins."""
        start = self._starts[node.lineno - 1]
        line = self.text[start:].partition("\n")[0]
        return line[: len(line) - len(line.lstrip())]

    def replace(self, node: ast.AST, text: str) -> None:
        """Put a string in a node's place."""
        self._edits.append((*self.span(node), text))

    def insert(self, at: int, text: str) -> None:
        """Put a string at a place."""
        self._edits.append((at, at, text))

    def remove_lines(self, node: ast.stmt) -> None:
        """Remove a statement's lines; of the empty lines around it one stays."""
        end = self._starts[min(node.end_lineno or node.lineno, len(self._starts) - 1)]
        self._edits.append((self._starts[node.lineno - 1], end, f"{_REMOVED}\n"))

    def edited(self) -> str:
        """Return the text with all edits."""
        text, last = self.text, len(self.text) + 1
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2], reverse=True):
            if end > last:
                continue  # Within something that was replaced as a whole.
            text, last = text[:start] + new + text[end:], start
        return _AROUND.sub(_between, text)


def _between(removed: re.Match[str]) -> str:
    """Return what stays in the place of removed lines: one empty line where there was one."""
    if not removed.start():
        return ""
    return "\n\n" if "\n\n" in removed[0] else "\n"
