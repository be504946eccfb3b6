"""One figure: its amount, how it comes about, and what it does not claim.

Decides that a figure without a price, or without what the records should hold, says so instead of an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

MONTH_DAYS: Final = 30.0
GB: Final = 1e9

Kind = Literal["cost", "cost a month", "benefit", "time"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        name: For programs.
        title: For people.
        kind: ``cost a month`` is paid each month as long as it stays; ``cost`` was paid in the period; ``benefit`` was
            not paid or not waited for; ``time`` is priced only if the user gives a rate.
        quantity: The amount that the records hold.
        unit: Of what.
        dollars: ``quantity`` priced; None where a price is absent.
        formula: How ``dollars`` comes about, with the numbers in it.
        inputs: Name → value, all that the formula has.
        prices: Names of the prices that it has; ``--price`` changes them.
        notes: What is not in it, and what it must not be taken for.
        missing: What the records or the prices lack; empty if the figure is complete.
    """

    name: str
    title: str
    kind: Kind
    quantity: float
    unit: str
    dollars: float | None
    formula: str
    inputs: Mapping[str, float] = field(default_factory=dict[str, float])
    prices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def is_cost(self) -> bool:
        """Whether it belongs to a sum of costs."""
        return self.kind in ("cost", "cost a month")

    def a_month(self, days: float) -> float | None:
        """Dollars a month of thirty days, if the period went on as it was."""
        if self.dollars is None:
            return None
        return self.dollars if self.kind == "cost a month" else self.dollars * MONTH_DAYS / days

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def dollars_text(amount: float | None) -> str:
    """``$12.30``; of less than a cent, as many digits as it needs."""
    if amount is None:
        return "not priced"
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    return f"{sign}${size:.2f}" if size >= 0.10 or size == 0 else f"{sign}${size:.4f}"


def price_text(price: float) -> str:
    """A price with the digits that it has, two at least: ``$0.005``."""
    whole = f"{price:.6f}".rstrip("0")
    return f"${price:.2f}" if len(whole.partition(".")[2]) < 2 else f"${whole}"


def storage_figure(
    name: str, title: str, size: int, price: float, notes: tuple[str, ...], missing: tuple[str, ...] = ()
) -> Figure:
    """Return the figure of bytes that ECR stores for a month; ``price`` is that of a GB and month."""
    gigabytes = size / GB
    return Figure(
        name,
        title,
        "cost a month",
        gigabytes,
        "GB",
        gigabytes * price,
        f"{gigabytes:.3f} GB × {price_text(price)} a GB and month",
        {"gigabytes": gigabytes},
        ("ecr_storage_gb_month",),
        notes,
        missing,
    )
