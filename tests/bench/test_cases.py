"""The tables of the five cases: what counts as named, and how measurements become rows."""

from __future__ import annotations

from typing import Any

import pytest

from bench.cases.findings import by_rule, checks_passed, named_bytes, share_named
from bench.cases.report import Measured, named_table, pairs_table

MB = 1_000_000


def finding(rule: str, size_bytes: int | None = None, severity: str = "warning") -> dict[str, Any]:
    estimate = None if size_bytes is None else {"bytes": size_bytes, "seconds": None, "basis": ""}
    return {"rule": rule, "severity": severity, "estimate": estimate}


FOUND = [finding("V02", 100 * MB), finding("V02", 20 * MB), finding("V04", 30 * MB), finding("V06"), finding("FI001")]


def measured(side: str, unpacked_bytes: int, findings: list[dict[str, Any]], *, import_s: float | None) -> Measured:
    start = {"import_s": {"median": import_s} if import_s else None, "start_s": {"median": 0.2}}
    checks = checks_passed(one for one in findings if one["rule"].startswith("V"))
    return Measured("shop api", side, unpacked_bytes, 60 * MB, 70 * MB, 30.0, 0.3, 1.5, checks, findings, start)


PAIR = [measured("before", 300 * MB, FOUND, import_s=0.15), measured("after", 100 * MB, [], import_s=None)]


def test_only_leftovers_and_the_context_name_bytes_of_the_image() -> None:
    extra = [finding("V05", 50 * MB), finding("FI008", 400 * MB), finding("FI009", 42 * MB)]
    assert named_bytes([*FOUND, *extra]) == 192 * MB
    assert by_rule([*FOUND, *extra]) == {"V02": 120 * MB, "FI009": 42 * MB, "V04": 30 * MB}


@pytest.mark.parametrize(("named", "saved", "share"), [(80, 100, 0.8), (150, 100, 1.0), (0, 100, 0.0), (5, 0, 1.0)])
def test_the_share_that_was_named(named: int, saved: int, share: float) -> None:
    assert share_named(named, saved) == share


def test_a_rule_counts_once_however_much_it_finds_and_information_not_at_all() -> None:
    assert checks_passed([finding("V02"), finding("V02"), finding("V04"), finding("V12", severity="info")]) == 10


def test_a_pair_is_two_rows_and_its_claims() -> None:
    table = pairs_table(PAIR, 6)
    assert table.rows == [
        ["shop api, before", "300", "60.0", "70.0", "30.0", "0.30", "1.50", "150", "200", "9/12"],
        ["shop api, after", "100", "60.0", "70.0", "30.0", "0.30", "1.50", "-", "200", "12/12"],
    ]
    assert [target.is_met for target in table.targets] == [True, True, True]


def test_what_was_named_is_compared_with_what_was_saved() -> None:
    table = named_table(PAIR)
    assert table.rows == [["shop api", "200", "150", "75%", "V02 120, V04 30.0"]]
    (target,) = table.targets
    assert target.value == 0.75
    assert not target.is_met
