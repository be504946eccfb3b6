"""A table of findings for people: one block a finding, the heaviest first, and a line that counts them.

Decides the layout of text. Leaves colours and terminals to the command line, which passes each line through
``printable``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fast_container.checks.finding import Finding, Severity, ordered
from fast_container.core.spelling import megabytes

_INDENT = " " * 15


def lines_of(findings: Iterable[Finding]) -> Iterator[str]:
    """The table's lines; empty without findings."""
    for finding in ordered(findings):
        saved = _saved(finding)
        yield f"{finding.severity.label:<7}  {finding.rule:<5} {finding.what}{f' ({saved})' if saved else ''}"
        yield f"{_INDENT}{finding.where}"
        if finding.why:
            yield f"{_INDENT}why: {finding.why}"
        if finding.fix:
            yield f"{_INDENT}fix: {finding.fix}"


def count_line(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``."""
    errors = sum(one.severity is Severity.ERROR for one in findings)
    warnings = sum(one.severity is Severity.WARNING for one in findings)
    return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"


def _saved(finding: Finding) -> str:
    parts = [megabytes(finding.estimate_bytes)] if finding.estimate_bytes else []
    parts += [f"{finding.estimate_s:.0f} s"] if finding.estimate_s else []
    return ", ".join(parts)
