"""The findings of ``fast-container lint`` as text, JSON, SARIF 2.1.0 and GitHub's annotations.

Decides the form of each. Leaves the findings to ``checks.dockerfile``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from fast_container.checks.dockerfile.catalogue import RULES
from fast_container.checks.dockerfile.finding import SEVERITIES, Finding
from fast_container.cli.output import emit, say

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def _say_text(findings: Sequence[Finding], notes: Sequence[str]) -> None:
    say(_text(findings, notes))


def _text(findings: Sequence[Finding], notes: Sequence[str]) -> Iterator[str]:
    file = None
    for one in findings:
        if file not in (None, one.file):
            yield ""
        file = one.file
        yield f"{_place(one)}: {one.severity} {one.rule}: {one.what}"
        yield f"    why:   {one.why}"
        if one.estimate is not None and one.estimate.text:
            yield f"    costs: {one.estimate.text}"
        yield f"    fix:   {one.fix}"
    if findings:
        yield ""
    for note in notes:
        yield f"note: {note}"
    yield _counted(findings)


def _counted(findings: Sequence[Finding]) -> str:
    counts = Counter(one.severity for one in findings)
    parts = [_plural(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
    return f"{_plural(len(findings), 'finding')}: {', '.join(parts)}" if findings else "no findings"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 or word == 'info' else 's'}"


def _place(one: Finding) -> str:
    return f"{one.file}:{one.line}" if one.line else one.file


def _say_json(findings: Sequence[Finding], notes: Sequence[str]) -> None:
    document = {"version": 1, "findings": [_as_json(one) for one in findings], "notes": list(notes)}
    emit(json.dumps(document, indent=1) + "\n")


def _as_json(one: Finding) -> dict[str, Any]:
    estimate = one.estimate
    return {
        "rule": one.rule,
        "severity": one.severity,
        "file": one.file,
        "line": one.line,
        "image": one.image,
        "what": one.what,
        "why": one.why,
        "fix": one.fix,
        "estimate": None
        if estimate is None
        else {"megabytes": estimate.megabytes, "seconds": estimate.seconds, "basis": estimate.basis},
    }


def _say_sarif(findings: Sequence[Finding], notes: Sequence[str]) -> None:
    used = sorted({one.rule for one in findings})
    rules = [{"id": rule, "shortDescription": {"text": RULES[rule].title if rule in RULES else rule}} for rule in used]
    driver = {"name": "fast-container", "rules": rules}
    told = [{"level": "note", "message": {"text": note}} for note in notes]
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": told}],
        "results": [_result(one, used.index(one.rule)) for one in findings],
    }
    emit(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n")


def _result(one: Finding, index: int) -> dict[str, Any]:
    uri = quote(one.file, errors="surrogateescape")
    physical: dict[str, Any] = {"artifactLocation": {"uri": f"file://{uri}" if uri.startswith("/") else uri}}
    if one.line:
        physical["region"] = {"startLine": one.line}
    return {
        "ruleId": one.rule,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": _in_full(one)},
        "locations": [{"physicalLocation": physical}],
    }


def _in_full(one: Finding) -> str:
    costs = f" Costs: {one.estimate.text}." if one.estimate is not None and one.estimate.text else ""
    return f"{one.what} {one.why}{costs} Fix: {one.fix}"


def _say_github(findings: Sequence[Finding], notes: Sequence[str]) -> None:
    lines = [f"::notice title=fast-container lint::{_data(note)}" for note in notes]
    for one in findings:
        line = f",line={one.line}" if one.line else ""
        title = f"{one.rule} {RULES[one.rule].title}" if one.rule in RULES else one.rule
        where = f"file={_property(one.file)}{line},title={_property(title)}"
        lines.append(f"::{_COMMANDS[one.severity]} {where}::{_data(_in_full(one))}")
    emit("".join(f"{line}\n" for line in lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Final[Mapping[str, Callable[[Sequence[Finding], Sequence[str]], None]]] = {
    "github": _say_github,
    "json": _say_json,
    "sarif": _say_sarif,
    "text": _say_text,
}
"""Name of a format → what prints it."""
