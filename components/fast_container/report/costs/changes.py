"""Two periods beside one another.

Decides what is comparable: what is paid each month as it is, everything else for thirty days and for each built image,
since periods of different lengths or different numbers of builds say nothing by their sums. Leaves the figures of each
to ``period_costs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from fast_container.core.spelling import counted
from fast_container.report.costs.figure import MONTH_DAYS, Figure
from fast_container.report.costs.period_costs import Prices, period_figures
from fast_container.report.costs.usage import Usage

_PER_BUILD: Final = ("machines", "transfer", "waiting", "cache_exports")
_FEW_DAYS: Final = 7.0


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after.

    Attributes:
        name: The figure's name.
        title: For people.
        unit: Of ``before`` and ``after``.
        before: Quantity in thirty days, or as it is if it is paid each month.
        after: Likewise.
        before_a_build: Quantity for each built image; None where that makes no sense.
        after_a_build: Likewise.
        before_dollars: Dollars a month; None if it is not priced.
        after_dollars: Likewise.
    """

    name: str
    title: str
    unit: str
    before: float
    after: float
    before_a_build: float | None
    after_a_build: float | None
    before_dollars: float | None
    after_dollars: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two periods.

    Attributes:
        before: The earlier one, with its figures.
        after: The later one.
        changes: Figure by figure.
        notes: What must be known to read them.
    """

    before: tuple[Usage, tuple[Figure, ...]]
    after: tuple[Usage, tuple[Figure, ...]]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    def document(self) -> list[dict[str, Any]]:
        """The changes, for ``--json``."""
        return [asdict(change) for change in self.changes]


def compare(before: Usage, after: Usage, prices: Prices) -> Comparison:
    """Compare two periods."""
    old, new = period_figures(before, prices), period_figures(after, prices)
    changes = tuple(_change(one, other, before, after) for one, other in zip(old, new, strict=True))
    return Comparison((before, tuple(old)), (after, tuple(new)), changes, tuple(_notes(before, after)))


def _change(old: Figure, new: Figure, before: Usage, after: Usage) -> Change:
    is_per_build = old.name in _PER_BUILD
    return Change(
        old.name,
        old.title,
        old.unit,
        _a_month(old, before),
        _a_month(new, after),
        old.quantity / before.built if is_per_build and before.built else None,
        new.quantity / after.built if is_per_build and after.built else None,
        old.a_month(before.period.days),
        new.a_month(after.period.days),
    )


def _a_month(figure: Figure, usage: Usage) -> float:
    return figure.quantity if figure.kind == "cost a month" else figure.quantity * MONTH_DAYS / usage.period.days


def _notes(before: Usage, after: Usage) -> Sequence[str]:
    rates = [one.built / one.period.days for one in (before, after)]
    notes: list[str] = []
    if max(rates) > 1.25 * min(rates):
        notes.append(
            f"{rates[0]:.1f} builds a day before, {rates[1]:.1f} after: compare what one build took, since fewer builds"
            " are cheaper by themselves"
        )
    images = before.stored.images, after.stored.images
    if images[0] != images[1]:
        notes.append(f"{counted(images[0], 'image')} before, {images[1]} after: storage is not of the same images")
    notes += [
        f"{when} has {counted(one.built, 'build')} in {one.period.days:.1f} days: too few to speak of a month"
        for when, one in (("before", before), ("after", after))
        if one.period.days < _FEW_DAYS
    ]
    return notes


def missing_of(comparison: Comparison) -> list[str]:
    """List what either period lacks, once."""
    before, after = (
        [f"{figure.title.lower()}: {what}" for figure in figures for what in figure.missing]
        for _, figures in (comparison.before, comparison.after)
    )
    return [
        what if what in before and what in after else f"{'before' if what in before else 'after'}, {what}"
        for what in dict.fromkeys((*before, *after))
    ]
