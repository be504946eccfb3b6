"""A table of findings for people: one block a finding, and a line that counts them.

Decides the layout of text. Leaves the order to the caller, and colours and terminals to the command line, which passes
each line through ``printable``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fast_container.checks.finding import LEVELS, Finding

_INDENT = " " * 9


def lines_of(findings: Iterable[Finding]) -> Iterator[str]:
    """The table's lines, in the order of the findings; empty without any."""
    for one in findings:
        yield f"{one.severity.value:<7}  {one.rule:<5}  {one.what}"
        yield f"{_INDENT}{one.where}"
        if one.base:
            yield f"{_INDENT}from:  the base image {one.base}"
        if one.why:
            yield f"{_INDENT}why:   {one.why}"
        if one.estimate is not None and one.estimate.text:
            yield f"{_INDENT}costs: {one.estimate.text}"
        if one.fix:
            yield f"{_INDENT}fix:   {one.fix}"


def count_line(findings: Iterable[Finding]) -> str:
    """``3 findings: 2 errors, 1 warning``; ``no findings``."""
    counts = Counter(one.severity for one in findings)
    parts = [_plural(counts[severity], severity.value) for severity in LEVELS if counts[severity]]
    return f"{_plural(counts.total(), 'finding')}: {', '.join(parts)}" if parts else "no findings"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 or word == 'info' else 's'}"
