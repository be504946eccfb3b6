"""The table of the cases: one row for each edit, one column for each side.

Decides the order of the columns, and that refusals are explained below.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.peers.correctness import Judged
from bench.table import Table

_RIGHT = "right"


def case_table(judged: Sequence[Judged]) -> Table:
    """Table of what each side deployed in each case."""
    sides = list(dict.fromkeys(one.side for one in judged))
    cases = list(dict.fromkeys(one.case.name for one in judged))
    found = {(one.case.name, one.side): one for one in judged}
    rows = [[case, *(found[case, side].verdict.text for side in sides)] for case in cases]
    rights = [sum(one.verdict.is_right for one in judged if one.side == side) for side in sides]
    asked = [
        sum(one.verdict.is_right and one.verdict.text != _RIGHT for one in judged if one.side == side) for side in sides
    ]
    rows.append(["**the right image**", *(f"{count} of {len(cases)}" for count in rights)])
    rows.append(["of these with a cached or needless build", *map(str, asked)])
    about = [
        "each case on each side: `up`, the edit, `up`; then the files of the image that a consumer is given are read "
        "from the registry",
        "STALE, WRONG: the image deployed is not that of the tree; what it holds stands beside it",
        "REFUSED: `up` failed",
        "cached build: nothing that the image is made of has changed, and BuildKit was asked, which had every step in "
        "its cache; needless build: it ran some",
    ]
    refusals = [f"{one.case.name}; {one.side}: {one.refusal}" for one in judged if one.refusal]
    return Table("What each tool really deploys", [*about, *refusals], ["edit", *sides], rows)
