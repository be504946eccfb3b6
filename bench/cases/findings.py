"""How much of the size that a person saved by hand was named by findings before anyone edited anything.

Decides which findings name bytes of the image: those of the image rules about leftovers, and what a build context
brings that no image needs. No byte is counted twice: wasted bytes (V05) are leftovers that a later layer hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NAMING = frozenset({"V02", "V03", "V04", "V09", "V12", "FI009"})
RULES = 12


def named_bytes(findings: Iterable[Mapping[str, Any]]) -> int:
    """Sum the bytes of the image that findings name."""
    return sum(_bytes(one) for one in findings if one["rule"] in NAMING)


def by_rule(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Named bytes of each rule, the largest first."""
    found: dict[str, int] = {}
    for one in findings:
        if one["rule"] in NAMING and _bytes(one):
            found[one["rule"]] = found.get(one["rule"], 0) + _bytes(one)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def share_named(named: int, saved: int) -> float:
    """The share of what was saved that was named; never above 1."""
    return min(1.0, named / saved) if saved > 0 else 1.0


def checks_passed(findings: Iterable[Mapping[str, Any]]) -> int:
    """How many of the twelve image rules have nothing to say."""
    return RULES - len({one["rule"] for one in findings if one["severity"] != "info"})


def _bytes(finding: Mapping[str, Any]) -> int:
    estimate = finding["estimate"] or {}
    return int(estimate.get("bytes") or 0)
