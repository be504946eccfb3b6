"""Costs as text, Markdown and JSON.

Decides the words around the figures: formulas stand under amounts, prices with date, region and source at the end, and
what is missing is said. Strings of others (stacks, references) are made printable, or escaped, by their callers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from fast_container.core.spelling import counted
from fast_container.report.costs.changes import Change, Comparison, missing_of
from fast_container.report.costs.figure import Figure, dollars_text, price_text
from fast_container.report.costs.period_costs import Prices
from fast_container.report.costs.usage import Period, Usage
from fast_container.report.markdown import plain

_WIDE: Final = 38
VERSION: Final = 1


def period_lines(usage: Usage, figures: Sequence[Figure], prices: Prices) -> list[str]:
    """One period as text."""
    lines = [f"Costs, {period_text(usage.period)}", f"  {_counts(usage)}", ""]
    for figure in figures:
        lines += _figure_lines(figure)
    return [*lines, *_total_lines(usage, figures), "", *price_lines(figures, prices)]


def image_lines(figures: Sequence[Figure], prices: Prices) -> list[str]:
    """Two images as text."""
    return [*(line for figure in figures for line in _figure_lines(figure)), "", *price_lines(figures, prices)]


def comparison_lines(comparison: Comparison, prices: Prices) -> list[str]:
    """Two periods as text."""
    (before, figures), (after, _) = comparison.before, comparison.after
    lines = [
        f"Before: {period_text(before.period)}: {_counts(before)}",
        f"After:  {period_text(after.period)}: {_counts(after)}",
        "",
        f"  {'':{_WIDE}}{'before':>12}{'after':>12}{'change':>9}  in 30 days",
    ]
    for change in comparison.changes:
        lines += [f"  {row[0]:{_WIDE}}{row[1]:>12}{row[2]:>12}{row[3]:>9}" for row in change_rows(change)]
    totals = total_rows(comparison)
    lines += [f"  {row[0]:{_WIDE}}{row[1]:>12}{row[2]:>12}{row[3]:>9}" for row in totals]
    lines += ["", *(f"  note: {note}" for note in comparison.notes)]
    lines += [f"  missing: {what}" for what in missing_of(comparison)]
    lines.append("  formulas and notes: fast-container cost --before … (one period alone)")
    return [*lines, "", *price_lines(figures, prices)]


def change_rows(change: Change) -> list[tuple[str, str, str, str]]:
    """Rows of a comparison: the quantity, what one build took, the dollars a month."""
    rows = [(change.title, *_pair(change.before, change.after, change.unit))]
    if change.before_a_build is not None and change.after_a_build is not None:
        rows.append(("  for each built image", *_pair(change.before_a_build, change.after_a_build, change.unit)))
    if change.before_dollars is not None and change.after_dollars is not None:
        rows.append(("  dollars a month", *_dollars(change.before_dollars, change.after_dollars)))
    return rows


def total_rows(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """The sums of both periods, if both are complete."""
    before = [change.before_dollars for change in comparison.changes if _is_cost(comparison, change)]
    after = [change.after_dollars for change in comparison.changes if _is_cost(comparison, change)]
    sums = [sum(one or 0.0 for one in side) for side in (before, after)]
    title = "In all, dollars a month" + ", as far as priced" * (None in before or None in after)
    return [(title, *_dollars(*sums))]


def _is_cost(comparison: Comparison, change: Change) -> bool:
    return any(one.name == change.name and one.is_cost for one in comparison.before[1])


def period_markdown(usage: Usage, figures: Sequence[Figure], prices: Prices) -> str:
    """One period as Markdown."""
    lines = [f"### Costs, {plain(period_text(usage.period))}", "", plain(_counts(usage)), "", *_markdown(figures)]
    return (
        "\n".join(
            [
                *lines,
                "",
                *(f"- {plain(line.strip())}" for line in _total_lines(usage, figures)),
                "",
                *_listed(price_lines(figures, prices)),
            ]
        )
        + "\n"
    )


def image_markdown(figures: Sequence[Figure], prices: Prices) -> str:
    """Two images as Markdown."""
    return (
        "\n".join(["### Costs of two images", "", *_markdown(figures), "", *_listed(price_lines(figures, prices))])
        + "\n"
    )


def comparison_markdown(comparison: Comparison, prices: Prices) -> str:
    """Two periods as Markdown."""
    (before, figures), (after, _) = comparison.before, comparison.after
    rows = [row for change in comparison.changes for row in change_rows(change)] + total_rows(comparison)
    lines = ["### Costs before and after, in 30 days", ""]
    lines += [
        f"{name}: {plain(period_text(one.period))}: {plain(_counts(one))}  "
        for name, one in (("Before", before), ("After", after))
    ]
    lines += ["", "| | before | after | change |", "|---|---:|---:|---:|"]
    lines += [f"| {' | '.join(plain(cell.strip()) for cell in row)} |" for row in rows]
    lines += ["", *(f"- {plain(note)}" for note in comparison.notes)]
    lines += [f"- missing: {plain(what)}" for what in missing_of(comparison)]
    return "\n".join([*lines, "", *_listed(price_lines(figures, prices))]) + "\n"


def period_document(usage: Usage, figures: Sequence[Figure]) -> dict[str, Any]:
    """One period, for ``--json``."""
    return {
        "begin": usage.period.begin,
        "end": usage.period.end,
        "days": usage.period.days,
        "runs": usage.runs,
        "images": dict(usage.outcomes),
        "figures": [figure.document() for figure in figures],
        "dollars_a_month": _month_dollars(usage, figures),
        "is_complete": not any(figure.dollars is None for figure in figures if figure.is_cost),
    }


def prices_document(figures: Iterable[Figure], prices: Prices) -> dict[str, Any]:
    """The prices that figures have, for ``--json``."""
    return {name: asdict(prices[name]) for name in _used(figures)}


def price_lines(figures: Iterable[Figure], prices: Prices) -> list[str]:
    """Prices with their date, region and source."""
    lines = ["Prices, each with --price NAME=VALUE or in [tool.fast-container.prices] of pyproject.toml:"]
    for name in _used(figures):
        one = prices[name]
        if one.value is None:
            lines.append(f"  {name} = not known, for {one.unit}: {one.source}")
        else:
            about = ", ".join(part for part in (one.region, one.date, one.source) if part)
            lines.append(f"  {name} = {price_text(one.value)} for {one.unit} ({about})")
    return lines


def period_text(period: Period) -> str:
    """``2026-11-01 to 2026-11-08 (7.0 days)``."""
    return f"{time_text(period.begin)} to {time_text(period.end)} ({period.days:.1f} days)"


def time_text(at: float) -> str:
    """``2026-11-01 14:03``, in the machine's time zone."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def _counts(usage: Usage) -> str:
    outcomes = (
        f"{usage.outcomes[name]} {name}"
        for name in ("failed", "built", "copied", "reused", "unchanged")
        if usage.outcomes.get(name)
    )
    return f"{counted(usage.runs, 'run')}, images: {', '.join(outcomes) or 'none'}"


def _figure_lines(figure: Figure) -> list[str]:
    lines = [f"  {figure.title:{_WIDE}}  {amount_text(figure)}", f"      = {figure.formula}"]
    lines += [f"      {note}" for note in figure.notes]
    return [*lines, *(f"      missing: {what}" for what in figure.missing)]


def amount_text(figure: Figure) -> str:
    """The amount with its unit, for people."""
    quantity = f"{number_text(figure.quantity)} {figure.unit}"
    if figure.kind == "benefit" or (figure.kind == "time" and figure.dollars is None):
        return quantity
    dollars = dollars_text(figure.dollars)
    return f"{dollars} a month" if figure.kind == "cost a month" else f"{dollars}, {quantity}"


def _total_lines(usage: Usage, figures: Sequence[Figure]) -> list[str]:
    absent = [figure.title.lower() for figure in figures if figure.is_cost and figure.dollars is None]
    total = dollars_text(_month_dollars(usage, figures))
    lines = [
        f"  {'In all':{_WIDE}}  {total} a month",
        f"      = storage + (machines + transfer) × 30 / {usage.period.days:.1f} days",
    ]
    if absent:
        lines.append(f"      missing: {', '.join(absent)}, of which not all prices are known")
    if usage.period.days < 7:
        lines.append("      of a few days only: the month is a guess")
    return lines


def _month_dollars(usage: Usage, figures: Iterable[Figure]) -> float:
    return sum(figure.a_month(usage.period.days) or 0.0 for figure in figures if figure.is_cost)


def _markdown(figures: Iterable[Figure]) -> list[str]:
    lines = ["| | amount | formula | notes |", "|---|---:|---|---|"]
    for one in figures:
        notes = [*one.notes, *(f"missing: {what}" for what in one.missing)]
        lines.append(f"| {' | '.join(map(plain, (one.title, amount_text(one), one.formula, '; '.join(notes))))} |")
    return lines


def _listed(lines: Sequence[str]) -> list[str]:
    return [plain(lines[0]), "", *(f"- {plain(line.strip())}" for line in lines[1:])]


def _used(figures: Iterable[Figure]) -> list[str]:
    return list(dict.fromkeys(name for figure in figures for name in figure.prices))


def _pair(before: float, after: float, unit: str) -> tuple[str, str, str]:
    return f"{number_text(before)} {unit}", f"{number_text(after)} {unit}", _percent(before, after)


def _dollars(before: float, after: float) -> tuple[str, str, str]:
    return dollars_text(before), dollars_text(after), _percent(before, after)


def _percent(before: float, after: float) -> str:
    if not before:
        return "new" if after else "0 %"
    percent = round((after / before - 1) * 100)
    return f"{percent:+d} %" if percent else "0 %"


def number_text(value: float) -> str:
    """Three digits or so: ``123``, ``12.3``, ``1.23``."""
    size = abs(value)
    if size >= 99.5 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 9.95 else f"{value:.2f}" if size >= 0.095 else f"{value:.2g}"
