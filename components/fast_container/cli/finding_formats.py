"""Findings as text, JSON, SARIF 2.1.0 and GitHub's annotations; for ``lint`` and ``check-image`` alike.

Decides the form of each. Leaves the findings to ``checks``, and the form of text to ``checks.findings_table``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from fast_container.checks.dockerfile.catalogue import RULES
from fast_container.checks.finding import Finding, Severity
from fast_container.checks.findings_table import count_line, lines_of
from fast_container.checks.image.catalogue import TITLES
from fast_container.cli.output import emit, say
from fast_container.printable import printable_lines

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


@dataclass(frozen=True, slots=True)
class FindingsReport:
    """What is printed.

    Attributes:
        findings: In the order in which they are shown.
        notes: What could not be looked at, one line each.
        subject: What was looked at, with its figures, for the last line of the text; ``""`` for nothing.
        facts: What JSON says beside the findings.
    """

    findings: Sequence[Finding]
    notes: Sequence[str] = ()
    subject: str = ""
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


def _say_text(report: FindingsReport) -> None:
    say(_text(report))


def _text(report: FindingsReport) -> Iterator[str]:
    yield from lines_of(report.findings)
    for note in report.notes:
        yield f"note: {note}"
    counted = count_line(report.findings)
    yield f"{report.subject}; {counted}" if report.subject else counted


def _say_json(report: FindingsReport) -> None:
    found = [one.as_json() for one in report.findings]
    document = {"version": 1, **report.facts, "findings": found, "notes": list(report.notes)}
    emit(json.dumps(document, indent=1) + "\n")


def _say_sarif(report: FindingsReport) -> None:
    used = sorted({one.rule for one in report.findings})
    rules = [{"id": rule, "shortDescription": {"text": _title(rule) or rule}} for rule in used]
    driver = {"name": "fast-container", "rules": rules}
    told = [{"level": "note", "message": {"text": note}} for note in report.notes]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told}],
        "results": [_result(one, used.index(one.rule)) for one in report.findings],
    }
    emit(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n")


def _result(one: Finding, index: int) -> dict[str, Any]:
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": _in_full(one)},
        "locations": [_in_file(one) if one.file else _in_image(one)],
    }


def _in_file(one: Finding) -> dict[str, Any]:
    uri = quote(one.file, errors="surrogateescape")
    physical: dict[str, Any] = {"artifactLocation": {"uri": f"file://{uri}" if uri.startswith("/") else uri}}
    if one.line:
        physical["region"] = {"startLine": one.line}
    return {"physicalLocation": physical}


def _in_image(one: Finding) -> dict[str, Any]:
    return {"logicalLocations": [{"fullyQualifiedName": one.where, "kind": "resource"}]}


def _in_full(one: Finding) -> str:
    inside = f" In {one.inside}." if one.inside and not one.file else ""
    why = f" {one.why}" if one.why else ""
    costs = f" Costs: {one.estimate.text}." if one.estimate is not None and one.estimate.text else ""
    base = f" It comes from the base image {one.base}." if one.base else ""
    return f"{one.what}{inside}{base}{why}{costs}{f' Fix: {one.fix}' if one.fix else ''}"


def _title(rule: str) -> str:
    return RULES[rule].title if rule in RULES else TITLES.get(rule, "")


def _say_github(report: FindingsReport) -> None:
    lines = [f"::notice title=fast-container::{_data(note)}" for note in report.notes]
    for one in report.findings:
        line = f",line={one.line}" if one.line else ""
        place = f"file={_property(one.file)}{line}," if one.file else ""
        title = f"{one.rule} {_title(one.rule)}".strip()
        lines.append(f"::{_COMMANDS[one.severity]} {place}title={_property(title)}::{_data(_in_full(one))}")
    emit("".join(f"{line}\n" for line in lines))


def _data(text: str) -> str:
    shown = printable_lines(text)
    return shown.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Final[Mapping[str, Callable[[FindingsReport], None]]] = {
    "github": _say_github,
    "json": _say_json,
    "sarif": _say_sarif,
    "text": _say_text,
}
"""Name of a format → what prints it."""
