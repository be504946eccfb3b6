"""A finding: what a rule has to say about a Dockerfile or an image, in one form for all rules.

Decides the fields, their order and their JSON form. Leaves which rules there are to the rooms of rules, and how a table
is drawn to ``checks.findings_table``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Severity(IntEnum):
    """How much a finding weighs; a larger one weighs more."""

    OFF = 0
    WARNING = 1
    ERROR = 2

    @property
    def label(self) -> str:
        """The word that people write and read: ``off``, ``warning`` or ``error``."""
        return self.name.lower()


SEVERITIES: Final[Mapping[str, Severity]] = {severity.label: severity for severity in Severity}
"""Label → severity."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    Attributes:
        rule: The rule's id, such as ``V02`` or ``FI004``.
        severity: How much it weighs here, after the user's settings.
        where: ``file:line`` or a path in the image, with its layer.
        what: What is wrong, one sentence.
        why: What that costs.
        fix: What to do about it.
        estimate_bytes: Bytes that the fix saves; None where that is not known.
        estimate_s: Seconds that the fix saves, for each build it matters to; None where that is not known.
        cannot_be_checked: The rule could not be run; such a finding is an error, never a pass.
    """

    rule: str
    severity: Severity
    where: str
    what: str
    why: str = ""
    fix: str = ""
    estimate_bytes: int | None = None
    estimate_s: float | None = None
    cannot_be_checked: bool = False

    def as_json(self) -> dict[str, object]:
        """The object of ``--json``; an estimate that is not known is null."""
        return {
            "rule": self.rule,
            "severity": self.severity.label,
            "where": self.where,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "estimate_bytes": self.estimate_bytes,
            "estimate_s": self.estimate_s,
            "cannot_be_checked": self.cannot_be_checked,
        }


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The heaviest first, then by rule, the largest saving first."""
    return sorted(findings, key=lambda one: (-one.severity, one.rule, -(one.estimate_bytes or 0), one.where))


def worst(findings: Iterable[Finding]) -> Severity:
    """The heaviest severity there is; ``OFF`` for no finding."""
    return max((one.severity for one in findings), default=Severity.OFF)
