"""Findings: their orders, their JSON, and the table that people read."""

from __future__ import annotations

import json

import pytest

from fast_container.checks.finding import Estimate, Finding, Severity, by_place, by_weight, worst
from fast_container.checks.findings_table import count_line, lines_of

WARNED = Finding(
    "V03",
    Severity.WARNING,
    "",
    0,
    "A cache is in the image.",
    estimate=Estimate(53_600_000, basis="unpacked"),
    image="shop@sha256:1",
    inside="/root/.cache in layer 2 of 3",
)
FAILED = Finding("FI013", Severity.ERROR, "app/Dockerfile", 3, "strip breaks numpy.", "It fails.", "Leave it out.")


def test_errors_come_first_in_the_order_of_weight() -> None:
    assert by_weight([WARNED, FAILED]) == [FAILED, WARNED]
    assert worst([WARNED, FAILED]) is Severity.ERROR
    assert worst([]) is Severity.OFF


def test_files_and_lines_come_in_their_order() -> None:
    later = Finding("FI001", Severity.ERROR, "app/Dockerfile", 4, "x")
    assert by_place([later, FAILED]) == [FAILED, later]


@pytest.mark.parametrize(
    ("severity", "level", "reached"),
    [("error", "error", True), ("warning", "error", False), ("info", "info", True), ("error", "never", False)],
)
def test_a_severity_reaches_a_level_that_is_not_worse(severity: str, level: str, reached: bool) -> None:
    assert Severity(severity).reaches(level) is reached
    assert not Severity.OFF.reaches("info")


def test_an_estimate_that_is_not_known_is_null() -> None:
    said = json.loads(json.dumps(FAILED.as_json()))
    assert said["estimate"] is None
    assert (said["severity"], said["file"], said["line"]) == ("error", "app/Dockerfile", 3)
    assert json.loads(json.dumps(WARNED.as_json()))["estimate"] == {
        "bytes": 53_600_000,
        "seconds": None,
        "basis": "unpacked",
    }


def test_findings_of_dockerfiles_and_images_stand_in_one_table() -> None:
    assert list(lines_of([FAILED, WARNED])) == [
        "error    FI013  strip breaks numpy.",
        "         app/Dockerfile:3",
        "         why:   It fails.",
        "         fix:   Leave it out.",
        "warning  V03    A cache is in the image.",
        "         /root/.cache in layer 2 of 3",
        "         costs: 54 MB (unpacked)",
    ]


def test_findings_are_counted() -> None:
    assert count_line([WARNED, FAILED, FAILED]) == "3 findings: 2 errors, 1 warning"
    assert count_line([]) == "no findings"
