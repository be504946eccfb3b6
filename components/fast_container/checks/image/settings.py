"""What a user may say of the image rules, and what holds where nothing is said.

Decides the severities: what would fail in service is an error, the rest is a warning. Leaves words of arguments to
their readers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fast_container.checks.finding import Severity
from fast_container.checks.image.structure.tests import StructureTests

_UNITS: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)")

_ERRORS: Final = {
    "lambda": frozenset({"V01", "V09", "V10", "V11"}),
    "ecs": frozenset({"V01", "V10", "V11"}),
    "anywhere": frozenset({"V01", "V10", "V11"}),
}
_ONLY_FOR: Final = {"V07": "lambda", "V08": "ecs"}


@dataclass(frozen=True, slots=True)
class ImageRequirements:
    """What an image has to satisfy.

    Attributes:
        runs_on: ``lambda``, ``ecs`` or ``anywhere``; decides the severities.
        max_size_bytes: Of all layers, compressed; None for any.
        max_unpacked_bytes: Of all layers, unpacked; None for any.
        max_layer_bytes: Of one layer, compressed; None for any.
        max_growth: Against the image before, as a share: 0.1 is a tenth; None for any.
        max_growth_bytes: Likewise, in bytes; None for any.
        before_bytes: Compressed bytes of the image before; None for the first image.
        base_name: What the image starts from, for people; ``""`` where it is not known.
        base_layers: Digests of its layers; none where they are not known.
        base_steps: Number of its steps in the image's history.
        required: Paths that must be there.
        forbidden: Paths that must not be there; ``*`` stands for anything.
        structure: Structure tests, as container-structure-test has them; the content that they ask for is to be read.
        severities: Rule → severity, in place of what holds by ``runs_on``.
    """

    runs_on: str = "anywhere"
    max_size_bytes: int | None = None
    max_unpacked_bytes: int | None = None
    max_layer_bytes: int | None = None
    max_growth: float | None = None
    max_growth_bytes: int | None = None
    before_bytes: int | None = None
    base_name: str = ""
    base_layers: frozenset[str] = frozenset()
    base_steps: int = 0
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    structure: tuple[StructureTests, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict["str", "Severity"])

    @property
    def read_paths(self) -> tuple[str, ...]:
        """Paths of the files whose content the rules need."""
        return tuple(path for tests in self.structure for path in tests.read_paths)

    def severity(self, rule: str, *, fails_in_service: bool = False) -> Severity:
        """How much a finding of a rule weighs."""
        if rule in self.severities:
            return self.severities[rule]
        if _ONLY_FOR.get(rule, self.runs_on) != self.runs_on:
            return Severity.OFF
        is_error = fails_in_service or rule in _ERRORS[self.runs_on]
        return Severity.ERROR if is_error else Severity.WARNING


def parse_growth(text: str) -> tuple[float | None, int | None]:
    """Read ``10%`` as a share, or ``20MB`` as bytes.

    Raises:
        ValueError: It is neither.
    """
    said = text.strip()
    if not said.endswith("%"):
        return None, parse_size(said)
    found = _SIZE.fullmatch(said[:-1].strip())
    if found is None or found[2]:
        raise ValueError(f"{text!r} is not a growth such as 10% or 20MB")
    return float(found[1]) / 100, None


def parse_size(text: str) -> int:
    """Read ``500MB``, ``1.5 GiB`` or a number of bytes.

    Raises:
        ValueError: It is not a size.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or found[2].upper() not in _UNITS:
        raise ValueError(f"{text!r} is not a size such as 500MB or 1.5GiB")
    return int(float(found[1]) * _UNITS[found[2].upper()])
