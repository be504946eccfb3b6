"""Plain tables: what was compared, the numbers, and whether each target is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.measuring import number


@dataclass(frozen=True)
class Target:
    """One claim with its limit: a number that must not be above (``most``) or below (``least``) it."""

    claim: str
    value: float
    kind: Literal["most", "least"]
    limit: float
    unit: str = "x"

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit if self.kind == "most" else self.value >= self.limit

    def text(self) -> str:
        verdict = "met   " if self.is_met else "MISSED"
        unit = self.unit if self.unit == "x" else f" {self.unit}"
        return f"{verdict} {self.claim}: {number(self.value)}{unit} (at {self.kind} {number(self.limit)}{unit})"


@dataclass(frozen=True)
class Table:
    """One table of the report.

    Attributes:
        title: What was measured.
        compares: With what, and under which conditions; one line each.
        head: Names of the columns; all but the first are numbers.
        rows: Texts.
        targets: The claims that its numbers decide.
    """

    title: str
    compares: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = field(default_factory=tuple)

    def draw(self) -> str:
        """The table as text."""
        lines = [list(self.head), *(list(row) for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.head))]

        def text(cells: Sequence[str]) -> str:
            placed = [
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            return "  ".join(placed).rstrip()

        drawn = [text(lines[0]), "  ".join("-" * width for width in widths), *(text(line) for line in lines[1:])]
        about = [f"  {line}" for line in self.compares]
        targets = [f"  {target.text()}" for target in self.targets]
        return "\n".join([f"== {self.title}", *about, "", *drawn, *([""] if targets else []), *targets, ""])

    def markdown(self) -> str:
        """The table as a section of a page."""
        lines = [self.head, *self.rows]
        drawn = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        drawn.insert(1, "|---" * len(self.head) + "|")
        about = [f"- {line}" for line in self.compares]
        targets = [f"- {target.text()}" for target in self.targets]
        blocks = [[f"### {self.title}"], about, drawn, targets]
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
