"""The statistics: what is compared is measured in turns, so that a busy moment of the machine meets both sides.

Decides that a series is told by its median, smallest and largest value, and that a ratio is the median of the ratios
of the single rounds. Leaves what is measured to the tables.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """Values of one side, one a round."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self, unit: str = "s") -> str:
        """``median (smallest-largest)`` in seconds, milliseconds or whatever the values are."""
        factor = {"ms": 1000.0}.get(unit, 1.0)
        shown = [number(value * factor) for value in (self.median, min(self.values), max(self.values))]
        return shown[0] if len(self.values) == 1 else f"{shown[0]} ({shown[1]}-{shown[2]})"


def in_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Series]:
    """Run all sides once a round, in order; every second round backwards, so that none always comes first."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in list(sides) if turn % 2 == 0 else list(reversed(sides)):
            found[name].append(sides[name]())
    return {name: Series(tuple(values)) for name, values in found.items()}


def ratio(one: Series, other: Series) -> float:
    """How many times the other one takes, as the median over rounds that were measured together."""
    return statistics.median([a / b for a, b in zip(one.values, other.values, strict=True)])


def difference(one: Series, other: Series) -> Series:
    """One less the other, round by round."""
    return Series(tuple(a - b for a, b in zip(one.values, other.values, strict=True)))


def number(value: float) -> str:
    """A number with about three digits that mean something."""
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or value == 0 else 3
    return f"{value:,.{decimals}f}"


def all_values(series: Sequence[Series]) -> tuple[float, ...]:
    """Join the values of several series."""
    return tuple(value for one in series for value in one.values)
