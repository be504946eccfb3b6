"""One instruction of a Dockerfile as the parser leaves it, with its heredocs.

Leaves cutting a line into these parts to ``split_line``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Heredoc:
    """An inline document.

    Attributes:
        name: The terminator.
        expand: Variables in it are expanded (no part of the name was quoted).
        chomp: ``<<-``: leading tabs are dropped.
        content: The lines, with their ends.
    """

    name: str
    expand: bool
    chomp: bool
    content: str = ""


@dataclass(slots=True)
class ParsedLine:
    """An instruction as the parser leaves it.

    Attributes:
        keyword: As written.
        original: The whole line, continuations joined.
        flags: As written, with their dashes; read byte by byte, so that non-ASCII is garbled as BuildKit garbles it.
        args: The words; three for each pair of ``ENV`` and ``LABEL`` (name, value, ``=`` or nothing).
        json: The arguments were a JSON array.
        child: The instruction after ``ONBUILD``.
        line: The first line, counted from 1.
        last_line: The last line, those of its heredocs among them.
        heredocs: In order.
    """

    keyword: str
    original: str
    flags: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    json: bool = False
    child: ParsedLine | None = None
    line: int = 0
    heredocs: tuple[Heredoc, ...] = field(default=())
    last_line: int = 0

    @property
    def name(self) -> str:
        """The keyword in capitals."""
        return self.keyword.upper()

    @property
    def takes_heredocs(self) -> bool:
        """Whether documents may follow the line."""
        node = self.child if self.name == "ONBUILD" and self.child else self
        return node.name in ("ADD", "COPY", "RUN") and not node.json
