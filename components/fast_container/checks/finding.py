"""A finding: what a rule has to say about a Dockerfile or an image, in one form for all rules.

Decides the levels, the fields, their orders and their JSON form. Leaves which rules there are to the rooms of rules,
how a table is drawn to ``checks.findings_table``, and other formats to the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from fast_container.core.spelling import megabytes


class Severity(StrEnum):
    """How much a finding weighs, the heaviest first; the value is the word that people write and read."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"

    @property
    def rank(self) -> int:
        """Place in the order of severities: 0 for the heaviest."""
        return _ORDER.index(self)

    def reaches(self, level: str) -> bool:
        """Whether a finding of this severity is at least as bad as a level; nothing reaches ``never``."""
        return level in LEVELS and self.rank <= Severity(level).rank


_ORDER = tuple(Severity)
LEVELS = (Severity.ERROR, Severity.WARNING, Severity.INFO)
"""The severities that a finding may have, the heaviest first."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of a finding, as far as it can be computed; it is never invented.

    Attributes:
        size_bytes: Of the image, the context or a download; None if unknown.
        seconds: Of a build; None if unknown.
        basis: Where the figure comes from, or what else can be counted, in a few words.
    """

    size_bytes: int | None = None
    seconds: float | None = None
    basis: str = ""

    @property
    def text(self) -> str:
        """The estimate in words; ``""`` if there is nothing to say."""
        parts = [megabytes(self.size_bytes)] if self.size_bytes is not None else []
        parts += [f"{self.seconds:.0f} s"] if self.seconds is not None else []
        figures = ", ".join(parts)
        return f"{figures} ({self.basis})" if figures and self.basis else figures or self.basis


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found: in a file of the user, or in an image.

    Attributes:
        rule: The rule's id, such as ``V02`` or ``FI004``, or that of another tool.
        severity: How much it weighs where the image is to run, after the user's settings.
        file: The file's name as the user knows it; ``""`` for a finding in an image.
        line: Line in it; 0 without one.
        what: One sentence that says what was found.
        why: Why it costs.
        fix: What to do.
        estimate: What it costs; None if unknown.
        image: Name of the image; ``""`` if the finding is about no single one.
        inside: Place in the image: a path with its layer, a variable, a step of the history.
        cannot_be_checked: The rule could not be run; such a finding is an error, never a pass.
        base: The image that it comes from, if what the image starts from brings it.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    what: str
    why: str = ""
    fix: str = ""
    estimate: Estimate | None = None
    image: str = ""
    inside: str = ""
    cannot_be_checked: bool = False
    base: str = ""

    @property
    def where(self) -> str:
        """Place for people: ``file:line``, or the place in the image."""
        if not self.file:
            return self.inside or self.image
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_json(self) -> dict[str, object]:
        """The object of one finding; an estimate that is not known is null."""
        known = self.estimate
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line,
            "image": self.image,
            "inside": self.inside,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "estimate": known and {"bytes": known.size_bytes, "seconds": known.seconds, "basis": known.basis},
            "cannot_be_checked": self.cannot_be_checked,
            "base": self.base,
        }


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings: the heaviest first, then by rule, the largest saving first."""
    return sorted(findings, key=lambda one: (one.severity.rank, one.rule, -_size(one), one.where))


def by_place(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings: by file and line, then the heaviest first."""
    return sorted(findings, key=lambda one: (one.file, one.line, one.severity.rank, one.rule, one.what))


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the heaviest severity there is; ``OFF`` for no finding."""
    return min((one.severity for one in findings), key=lambda one: one.rank, default=Severity.OFF)


def _size(finding: Finding) -> int:
    return (finding.estimate.size_bytes or 0) if finding.estimate else 0
