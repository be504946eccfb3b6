"""What ``python -X importtime`` writes: how long each module took, without and with what it imported.

Decides how its lines are read, and that modules are told by the package at their top. Leaves medians to
``startup.summary``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|( +)(\S.*)")


@dataclass(frozen=True, slots=True)
class ImportTime:
    """One module.

    Attributes:
        module: Its name.
        self_us: Microseconds without what it imported.
        cumulative_us: With it.
        depth: By how many others it was imported, one by the next.
    """

    module: str
    self_us: int
    cumulative_us: int
    depth: int


def parse_import_times(lines: Iterable[str]) -> Iterator[ImportTime]:
    """Read the lines that are such; others are left out."""
    for line in lines:
        if found := _LINE.fullmatch(line.rstrip()):
            own, cumulative, indent, module = found.groups()
            yield ImportTime(module, int(own), int(cumulative), (len(indent) - 1) // 2)


def total_s(imports: Iterable[ImportTime]) -> float:
    """All modules together."""
    return sum(one.self_us for one in imports) / 1e6


def by_package(imports: Iterable[ImportTime]) -> Mapping[str, float]:
    """Seconds of each package at the top, all its modules together."""
    found: dict[str, float] = defaultdict(float)
    for one in imports:
        found[one.module.partition(".")[0]] += one.self_us / 1e6
    return dict(found)
