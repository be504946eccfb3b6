"""A finding: one thing in a Dockerfile that costs size, time or safety, where it is, and how to mend it.

Decides the order of severities and of findings. Leaves which findings there are to the rules beside it, and how they
are printed to the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""The severities, the worst first."""

_MEGA: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of a finding, as far as it can be computed; it is never invented.

    Attributes:
        megabytes: Of the image, the context or a download; None if unknown.
        seconds: Of a build; None if unknown.
        basis: Where the figure comes from, or what else can be counted, in a few words.
    """

    megabytes: float | None = None
    seconds: float | None = None
    basis: str = ""

    @property
    def text(self) -> str:
        """The estimate in words; ``""`` if there is nothing to say."""
        parts = [f"{self.megabytes:.1f} MB"] if self.megabytes is not None else []
        parts += [f"{self.seconds:.0f} s"] if self.seconds is not None else []
        figures = ", ".join(parts)
        return f"{figures} ({self.basis})" if figures and self.basis else figures or self.basis


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        rule: Id of the rule: ``FI001``, or that of another tool.
        severity: How bad it is where the image is to run.
        file: The file's name as the user knows it.
        line: Line in it; 0 without one.
        what: One sentence that says what was found.
        why: Why it costs.
        fix: What to do.
        estimate: What it costs; None if unknown.
        image: Name of the image; ``""`` if the finding is about no single one.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    what: str
    why: str
    fix: str
    estimate: Estimate | None = None
    image: str = ""

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """File, line, then the worst first."""
        return (self.file, self.line, SEVERITIES.index(self.severity), self.rule, self.what)


def megabytes_of(size: int) -> float:
    """Convert bytes to megabytes."""
    return size / _MEGA


def reaches(severity: Severity, level: str) -> bool:
    """Whether a severity is at least as bad as a level; nothing reaches ``never``."""
    return level in SEVERITIES and SEVERITIES.index(severity) <= SEVERITIES.index(level)
