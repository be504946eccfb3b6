"""Waivers: findings that someone looked at and accepts, for a reason and perhaps for a time.

Decides how a waiver is written (a comment in a Dockerfile, an entry of a settings file), which instruction a comment
speaks of, and what is wrong with a waiver: it has expired, has no reason, names no rule. An expired or unreadable one
waives nothing; one without a reason does, and is a finding itself. BuildKit reads its own ``# check=``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Final

from fast_container.checks.dockerfile.catalogue import RULES
from fast_container.checks.finding import Finding, Severity
from fast_container.core.dockerfile.parsed_line import ParsedLine

RULE: Final = "FI090"
_COMMENT: Final = re.compile(r"#\s*fast-container:\s*(.*)")
_UNTIL: Final = "until="
_SKIP: Final = "skip="
_ID: Final = re.compile(r"[A-Za-z]+\d*")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver.

    Attributes:
        rules: Ids that it waives.
        files: Pattern of the files that it is about.
        of_line: Line of the instruction that it is about; 0 for any.
        until: The last day on which it holds; None for always.
        reason: Why.
        place: File and line where it stands.
        wrong: Why it cannot be read; ``""`` if it can.
        base: The working directory as the pattern's folder calls it.
    """

    rules: frozenset[str]
    files: str
    of_line: int
    until: date | None
    reason: str
    place: tuple[str, int]
    wrong: str = ""
    base: str = "."

    def holds(self, today: date | None) -> bool:
        """Whether it can be read and has not expired."""
        return not self.wrong and not self.has_expired(today)

    def has_expired(self, today: date | None) -> bool:
        """Whether its last day is over."""
        return self.until is not None and today is not None and self.until < today

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is one that it is about."""
        if finding.rule not in self.rules:
            return False
        if self.of_line:
            return (finding.file, finding.line) == (self.files, self.of_line)
        return fnmatchcase(normpath(f"{self.base}/{finding.file}"), self.files)


def waivers_of(text: str, nodes: Sequence[ParsedLine], file: str) -> tuple[Waiver, ...]:
    """Read the comments of a Dockerfile."""
    lines = text.split("\n")
    starts = [node.line for node in nodes]
    found: list[Waiver] = []
    for number, line in enumerate(lines, start=1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        alone = line.lstrip().startswith("#")
        about = _instruction(lines, starts, number) if alone else max((s for s in starts if s <= number), default=0)
        found.append(read_waiver(comment[1].strip(), file, about, (file, number)))
    return tuple(found)


def _instruction(lines: Sequence[str], starts: Sequence[int], number: int) -> int:
    """Line of the instruction that a comment stands above, or in."""
    for following in range(number + 1, len(lines) + 1):
        content = lines[following - 1].strip()
        if content and not content.startswith("#"):
            return following if following in starts else max((s for s in starts if s < number), default=0)
    return -1


def read_waiver(words: str, files: str, of_line: int, place: tuple[str, int]) -> Waiver:
    """Read the words of one: ``skip=RULES [until=DAY] reason``.

    Args:
        words: What is written.
        files: Pattern of the files that it is about.
        of_line: Line of the instruction that it is about; 0 for any.
        place: Where it stands.
    """
    first, _, rest = words.partition(" ")
    if not first.startswith(_SKIP):
        return make_waiver((), files, of_line, None, "", place, "it does not begin with skip=")
    until = None
    wrong = ""
    rest = rest.strip()
    if rest.startswith(_UNTIL):
        day, _, rest = rest.partition(" ")
        try:
            until = date.fromisoformat(day.removeprefix(_UNTIL))
        except ValueError:
            wrong = f"{day.removeprefix(_UNTIL)!r} is not a date such as 2027-03-01"
    rules = [rule for rule in first.removeprefix(_SKIP).split(",") if rule]
    return make_waiver(rules, files, of_line, until, rest.strip(), place, wrong)


def make_waiver(
    rules: Iterable[str], files: str, of_line: int, until: date | None, reason: str, place: tuple[str, int], wrong: str
) -> Waiver:
    """Make a waiver; one that names no rule, or none that there is, is marked as wrong."""
    ids = frozenset(rules)
    unknown = sorted(rule for rule in ids if (rule.startswith("FI") and rule not in RULES) or not _ID.fullmatch(rule))
    if not wrong and not ids:
        wrong = "it names no rule"
    elif not wrong and unknown:
        wrong = f"there is no rule {unknown[0]!r}"
    return Waiver(ids, files, of_line, until, reason, place, wrong)


def apply_waivers(findings: Iterable[Finding], waivers: Sequence[Waiver], today: date | None) -> list[Finding]:
    """Leave out what is waived, and add what is wrong with waivers.

    Args:
        findings: Of all rules.
        waivers: Of all files; the same one may come more than once.
        today: The day; None takes no waiver for expired.
    """
    distinct = list(dict.fromkeys(waivers))
    holding = [waiver for waiver in distinct if waiver.holds(today)]
    kept = [finding for finding in findings if not any(waiver.covers(finding) for waiver in holding)]
    return [*kept, *(found for waiver in distinct for found in _about(waiver, today))]


def _about(waiver: Waiver, today: date | None) -> Iterator[Finding]:
    file, line = waiver.place
    severity = Severity.WARNING
    if waiver.wrong:
        what, fix = (
            f"This waiver cannot be read: {waiver.wrong}.",
            "# fast-container: skip=FI004 until=2027-03-01 reason",
        )
        yield Finding(RULE, severity, file, line, what, "It waives nothing.", fix)
        return
    names = ", ".join(sorted(waiver.rules))
    if waiver.has_expired(today):
        what = f"The waiver of {names} has expired on {waiver.until}."
        yield Finding(RULE, severity, file, line, what, "It waives nothing any more.", "Mend it, or set a later date.")
    if not waiver.reason:
        what = f"The waiver of {names} has no reason."
        why = "The next reader cannot know whether it still holds."
        yield Finding(RULE, severity, file, line, what, why, "Say why, after the rules and the date.")
