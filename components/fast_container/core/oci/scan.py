"""The scan of a pushed image by its registry: its state and what it has found.

Decides the order of severities, and which findings can be mended: those whose package has a version that mends them.
Leaves asking to an adapter, and what a program lets through to ``build.scan_gate``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

SEVERITIES: Final = ("NONE", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
"""From the lightest; ``NONE`` lets no finding through. Other words (``UNTRIAGED``) count as ``INFORMATIONAL``."""


class ScanState(Enum):
    """How far a scan is."""

    DONE = "done"
    RUNNING = "running"
    ABSENT = "absent"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """One vulnerability of one package.

    Attributes:
        name: ``CVE-2026-1234``.
        severity: As the registry says.
        package: The package that has it; "" if that is not said.
        version: The package's version in the image.
        fixed_in: The version that mends it; "" if there is no such version, or it is not said.
        is_fixable: Whether the registry says that there is a version that mends it.
    """

    name: str
    severity: str
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    is_fixable: bool = False

    @property
    def rank(self) -> int:
        """Place in the order of severities."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else 1


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """The registry's answer about a scan.

    Attributes:
        why: Its own words about the state.
        findings: Of a scan that is done.
        says_fixes: Whether its kind of scan says of findings whether there is a fix.
    """

    state: ScanState
    why: str = ""
    findings: tuple[ScanFinding, ...] = ()
    says_fixes: bool = True


def above(findings: Iterable[ScanFinding], most: str, *, fixable: bool = True) -> list[ScanFinding]:
    """Return the findings graver than ``most``, the gravest first; those with a fix, or those without."""
    limit = SEVERITIES.index(most)
    found = {one for one in findings if one.rank > limit and one.is_fixable == fixable}
    return sorted(found, key=lambda one: (-one.rank, one.package, one.name))


def scan_lines(findings: Sequence[ScanFinding], most: int = 20) -> list[str]:
    """Return one line a finding: severity, name, package, version and the version that helps."""
    lines = [
        f"{one.severity:<8}  {one.name}  {one.package or 'a package'} {one.version}".rstrip()
        + (f" → {one.fixed_in}" if one.fixed_in else ", with a fix")
        for one in findings[:most]
    ]
    return [*lines, *([f"and {len(findings) - most} more"] if len(findings) > most else [])]
