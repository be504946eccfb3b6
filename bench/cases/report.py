"""``python -m bench cases``: both sides of each pair, built, checked and started.

Decides the tables and their claims. ``--parts`` names the cases to measure; ``--rounds`` how often a start is timed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.cases.builds import CaseBuilder
from bench.cases.findings import by_rule, checks_passed, named_bytes, share_named
from bench.cases.fleet import fleet_table
from bench.cases.pairs import PAIRS, Pair
from bench.measuring import number
from bench.table import Table, Target
from bench.workplace import Workplace

STARTS = 10
NAMED_SHARE = 0.8


@dataclass(frozen=True)
class Measured:
    """One side of a pair.

    Attributes:
        findings: Of its Dockerfile and of its image.
        start: What ``coldstart`` says.
    """

    pair: str
    side: str
    unpacked_bytes: int
    compressed_bytes: int
    largest_layer_bytes: int
    cold_s: float
    warm_s: float
    edit_s: float
    checks: int
    findings: Sequence[Mapping[str, Any]]
    start: Mapping[str, Any] = field(default_factory=dict)


def cases(workplace: Workplace) -> list[Table]:
    """The tables of all pairs, and of the fleet."""
    parts = workplace.choice.parts
    chosen = [pair for pair in PAIRS if parts is None or pair.case in parts]
    starts = workplace.choice.rounds or (2 if workplace.is_quick else STARTS)
    builder = CaseBuilder(workplace)
    measured = [one for pair in chosen for one in _both(builder, pair, starts)]
    tables = [pairs_table(measured, starts), named_table(measured)] if measured else []
    if parts is None or "fleet" in parts:
        tables.append(fleet_table(builder, is_quick=workplace.is_quick))
    return tables


def _both(builder: CaseBuilder, pair: Pair, starts: int) -> list[Measured]:
    sides = [_measure(builder, pair, side) for side in ("before", "after")]
    names = [_name(pair, side) for side in ("before", "after")]
    if pair.before.start == pair.after.start:
        found = builder.starts(names, starts, *pair.before.start)
    else:
        found = [
            builder.starts([name], starts, *pair.side(one.side).start)[0]
            for name, one in zip(names, sides, strict=True)
        ]
    return [replace(one, start=start) for one, start in zip(sides, found, strict=True)]


def _name(pair: Pair, side: str) -> str:
    return f"{pair.name.replace(' ', '-')}-{side}".replace("_", "-")


def _measure(builder: CaseBuilder, pair: Pair, side: str) -> Measured:
    given = pair.side(side)
    context = builder.context(pair.folder, side)
    name = _name(pair, side)
    linted = builder.lint(context, [given.dockerfile], pair.runs_on)
    builder.forget()
    cold = builder.build(name, context, given.dockerfile)
    warm = builder.build(name, context, given.dockerfile)
    with (context / pair.edited).open("a") as source:
        source.write("# edited\n")
    edit = builder.build(name, context, given.dockerfile)
    checked, inside = builder.check(name, pair.runs_on, pair.max_size), builder.layers(name)
    return Measured(
        pair.name,
        side,
        checked["unpacked_bytes"],
        checked["compressed_bytes"],
        max(layer["unpacked_bytes"] for layer in inside["layers"]),
        cold,
        warm,
        edit,
        checks_passed(checked["findings"]),
        (*linted, *checked["findings"]),
    )


def pairs_table(measured: Sequence[Measured], starts: int) -> Table:
    """The table of sizes, seconds, starts and checks."""
    both = list(zip(measured[::2], measured[1::2], strict=True))
    return Table(
        "five cases: one application, as teams write it first and as it should be",
        [
            "size: of all files, unpacked; compressed: as pulled; largest layer: unpacked",
            "build: `buildx build --push`; cold: an empty BuildKit, packages from the package registry; warm: the same"
            " again; edit: one line more in a source file",
            f"import, start: fast-container coldstart, {starts} starts of both in turns; medians, measured in the image"
            " on this machine",
            "checks: rules V01-V12 of fast-container check-image that have nothing to say",
            "bases are stand-ins made of Debian packages: smaller than python:3.12 (1 GB) and python:3.12-slim are",
        ],
        [
            "image",
            "size MB",
            "compressed MB",
            "largest layer MB",
            "cold s",
            "warm s",
            "edit s",
            "import ms",
            "start ms",
            "checks",
        ],
        [_row(one) for one in measured],
        [
            Target("each good one is smaller: the least factor", min(_factors(both)), "least", 1.0),
            Target("each good one passes all checks: the fewest", min(a.checks for _, a in both), "least", 12, ""),
            Target("an edit of a good one: the longest", max(a.edit_s for _, a in both), "most", 10.0, "s"),
        ],
    )


def _factors(both: Sequence[tuple[Measured, Measured]]) -> list[float]:
    return [before.unpacked_bytes / after.unpacked_bytes for before, after in both]


def _row(one: Measured) -> list[str]:
    imported = one.start["import_s"]
    return [
        f"{one.pair}, {one.side}",
        *(number(size / 1e6) for size in (one.unpacked_bytes, one.compressed_bytes, one.largest_layer_bytes)),
        *(number(seconds) for seconds in (one.cold_s, one.warm_s, one.edit_s)),
        number(imported["median"] * 1000) if imported else "-",
        number(one.start["start_s"]["median"] * 1000),
        f"{one.checks}/12",
    ]


def named_table(measured: Sequence[Measured]) -> Table:
    """The table of what was named before anyone edited anything."""
    both = list(zip(measured[::2], measured[1::2], strict=True))
    saved = sum(before.unpacked_bytes - after.unpacked_bytes for before, after in both)
    named = sum(min(named_bytes(b.findings), b.unpacked_bytes - a.unpacked_bytes) for b, a in both)
    return Table(
        "what a person saved by hand, and what the findings about the first image had named",
        [
            "saved: all files of the first image less those of the good one",
            "named: bytes of the image rules about leftovers (V02, V03, V04, V09, V12) and of FI009, before any edit",
            "a checkout's .git and .venv (42 MB) are made for the bench; they lie in the first images",
        ],
        ["image", "saved MB", "named MB", "share", "by rule"],
        [_named_row(before, after) for before, after in both],
        [Target("named of what was saved, all pairs", share_named(named, saved), "least", NAMED_SHARE, "")],
    )


def _named_row(before: Measured, after: Measured) -> list[str]:
    saved, named = before.unpacked_bytes - after.unpacked_bytes, named_bytes(before.findings)
    rules = ", ".join(f"{rule} {number(size / 1e6)}" for rule, size in by_rule(before.findings).items())
    return [before.pair, number(saved / 1e6), number(named / 1e6), f"{share_named(named, saved):.0%}", rules]
