"""Minutes of machines on CodeBuild, each machine once.

Decides that a machine's time is from when it left the queue to the end of its last image, rounded up to whole minutes
as CodeBuild bills, and which price a size has. Leaves the amount to ``period_costs``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fast_container.core.records.record import BuildRecord
from fast_container.report.costs.prices import DEFAULTS

OTHER: Final = "codebuild_other_minute"
_START: Final = "BUILD_GENERAL1_"


@dataclass(frozen=True, slots=True)
class MachineMinutes:
    """What a period's builds on CodeBuild took.

    Attributes:
        by_price: Name of the price → whole minutes.
        machines: How many machines there were.
        images: How many images they built.
        unknown: Images whose record does not name the machine; each counts as one of its own.
    """

    by_price: dict[str, int]
    machines: int
    images: int
    unknown: int

    @property
    def minutes(self) -> int:
        """All of them."""
        return sum(self.by_price.values())


def machine_minutes(records: Iterable[BuildRecord]) -> MachineMinutes:
    """Count the minutes of those records that were built, or failed, on CodeBuild."""
    spans: dict[str, list[float]] = {}
    price_of: dict[str, str] = {}
    images = unknown = 0
    for number, record in enumerate(records):
        if record.executor != "codebuild":
            continue
        images += 1
        machine = record.machine
        is_known = bool(machine.build and machine.started)
        unknown += not is_known
        key = machine.build if is_known else f"image {number}"
        began = machine.started if is_known else record.ended - record.duration_s
        span = spans.setdefault(key, [began, record.ended])
        span[:] = [min(span[0], began), max(span[1], record.ended)]
        price_of[key] = price_name(machine.kind, machine.size)
    minutes: Counter[str] = Counter()
    for key, (began, ended) in spans.items():
        minutes[price_of[key]] += max(math.ceil(round(ended - began, 3) / 60), 1)
    return MachineMinutes(dict(minutes), len(spans), images, unknown)


def price_name(kind: str, size: str) -> str:
    """The price of a machine's minute: ``codebuild_arm_large_minute``."""
    if not size.startswith(_START) or kind not in ("LINUX_CONTAINER", "ARM_CONTAINER"):
        return OTHER
    arm = "arm_" if kind == "ARM_CONTAINER" else ""
    name = f"codebuild_{arm}{size.removeprefix(_START).lower()}_minute"
    return name if name in DEFAULTS else OTHER
