"""The table at the end of the demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = ("step", "wall s", "built", "reused", "unchanged", "functions", "answers")


@dataclass(frozen=True)
class Row:
    """One step: what it cost and what it did.

    Attributes:
        step: Its number and name.
        wall_s: Wall time of the Pulumi command or commands.
        built: Builds that BuildKit ran.
        reused: Images taken over from the registry without a build.
        unchanged: Images that the engine left as they are.
        functions: What happened to the functions, such as ``4 created``.
        answers: What the invoked functions answered.
    """

    step: str
    wall_s: float
    built: int
    reused: int
    unchanged: int
    functions: str
    answers: str

    def cells(self) -> tuple[str, ...]:
        """The row as texts."""
        numbers = (str(self.built), str(self.reused), str(self.unchanged))
        return (self.step, f"{self.wall_s:.1f}", *numbers, self.functions, self.answers)


def draw(rows: Sequence[Row]) -> str:
    """The rows as a table; numbers to the right."""
    lines = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]

    def text(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if 1 <= column <= 4 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([text(_HEAD), "  ".join("-" * width for width in widths), *map(text, lines[1:])])
