"""Findings: their order, their JSON, and the table that people read."""

from __future__ import annotations

import json

from fast_container.checks.finding import Finding, Severity, ordered, worst
from fast_container.checks.findings_table import count_line, lines_of

WARNED = Finding("V03", Severity.WARNING, "/root/.cache", "A cache is in the image.", estimate_bytes=53_600_000)
FAILED = Finding("V02", Severity.ERROR, "/usr/bin/gcc", "A compiler is in the image.", "It ships.", "Use a builder.")


def test_errors_come_first() -> None:
    assert ordered([WARNED, FAILED]) == [FAILED, WARNED]
    assert worst([WARNED, FAILED]) is Severity.ERROR
    assert worst([]) is Severity.OFF


def test_an_estimate_that_is_not_known_is_null() -> None:
    said = json.loads(json.dumps(FAILED.as_json()))
    assert said["estimate_bytes"] is None
    assert said["severity"] == "error"
    assert not said["cannot_be_checked"]


def test_the_table_says_what_where_why_and_fix() -> None:
    assert list(lines_of([WARNED, FAILED])) == [
        "error    V02   A compiler is in the image.",
        "               /usr/bin/gcc",
        "               why: It ships.",
        "               fix: Use a builder.",
        "warning  V03   A cache is in the image. (54 MB)",
        "               /root/.cache",
    ]


def test_findings_are_counted() -> None:
    assert count_line([WARNED, FAILED, FAILED]) == "2 errors, 1 warning"
