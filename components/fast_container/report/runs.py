"""Records by run: what one ``pulumi up`` did.

Decides that a run's records are those with its id, in the order of their beginnings, and that the last record of an
image counts where a run has several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        id: Its id; "" for records of a program that knew none.
        records: By their beginnings.
    """

    id: str
    records: tuple[BuildRecord, ...]

    @property
    def started(self) -> float:
        """Seconds since the epoch."""
        return min(record.started for record in self.records)

    @property
    def duration_s(self) -> float:
        """Seconds from the first image's beginning to the last one's end."""
        return max(record.ended for record in self.records) - self.started

    @property
    def origin(self) -> Origin:
        """Stack, commit and CI run."""
        return self.records[-1].origin

    @property
    def built(self) -> tuple[BuildRecord, ...]:
        """Records of the images that were built."""
        return self.of("built")

    def of(self, outcome: str) -> tuple[BuildRecord, ...]:
        """Records of the images with that outcome."""
        return tuple(record for record in self.records if record.outcome == outcome)

    def counts(self) -> Mapping[str, int]:
        """Outcome → number of images."""
        return Counter(record.outcome for record in self.records)


def runs_of(records: Iterable[BuildRecord]) -> list[Run]:
    """Group records by run, the oldest first."""
    by_run: dict[str, dict[tuple[str, str, str], BuildRecord]] = {}
    for record in records:
        image = record.name, record.repository_url, record.platform
        by_run.setdefault(record.origin.run, {})[image] = record
    found = [Run(run, tuple(sorted(of.values(), key=lambda one: one.started))) for run, of in by_run.items()]
    return sorted(found, key=lambda run: run.started)
