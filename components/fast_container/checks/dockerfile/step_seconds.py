"""Seconds that a step took in earlier builds.

Decides which recorded step is which instruction: the one whose text is the same but for white space, as far as a record
keeps it. Steps out of the cache took no time and say nothing. Leaves reading records to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from fast_container.core.dockerfile.parsed_line import ParsedLine
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import TEXT_CHARACTERS


@dataclass(frozen=True, slots=True)
class StepSeconds:
    """The times of known steps.

    Attributes:
        times: Text → seconds of each run.
    """

    times: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])

    @classmethod
    def of(cls, records: Iterable[BuildRecord]) -> StepSeconds:
        """Collect the times of the steps that ran."""
        times: dict[str, list[float]] = {}
        for record in records:
            for step in record.timeline:
                if not step.cached and step.duration_s > 0:
                    times.setdefault(_plain(step.text), []).append(step.duration_s)
        return cls(times)

    def of_step(self, node: ParsedLine) -> tuple[float, int] | None:
        """The median of a step's times, and how many there are; None without any."""
        found = self.times.get(_plain(node.original))
        return (median(found), len(found)) if found else None


def _plain(text: str) -> str:
    """A text without what a record may have changed: white space, its end, the case of the keyword."""
    words = " ".join(text.split())
    keyword, _, rest = words.partition(" ")
    return f"{keyword.upper()} {rest}"[: TEXT_CHARACTERS - 20]
