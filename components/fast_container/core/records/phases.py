"""Where the time of one image went, phase by phase.

Decides the phases. They do not overlap, but for ``checking``, in which the registry is asked several things at once;
what is in none of them is between them. Leaves measuring to who drives a phase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from fast_container.core.records.numbers import seconds_field


@dataclass(frozen=True, slots=True)
class PhaseSeconds:
    """Seconds of each phase; 0 where it did not happen or is not known.

    Attributes:
        waiting: For a place among the builder's builds.
        queued: In CodeBuild's queue.
        looking_up: The registry was asked for the key tag.
        copying: From another repository.
        staging: The context was laid out for BuildKit.
        uploading: Sources went to S3.
        provisioning: CodeBuild made a machine ready for the build's own command.
        building: BuildKit ran the steps, loaded contexts and fetched bases and caches.
        exporting: BuildKit made the layers and the manifest.
        pushing: Layers and manifest went to the registry.
        exporting_cache: A cache went to the registry.
        checking: The image was read back, verified and checked.
        tagging: The key tag was put.
    """

    waiting: float = 0.0
    queued: float = 0.0
    looking_up: float = 0.0
    copying: float = 0.0
    staging: float = 0.0
    uploading: float = 0.0
    provisioning: float = 0.0
    building: float = 0.0
    exporting: float = 0.0
    pushing: float = 0.0
    exporting_cache: float = 0.0
    checking: float = 0.0
    tagging: float = 0.0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> PhaseSeconds:
        """Read them from a record; phases of a newer program are left out.

        Raises:
            ValueError: A field is of another type.
        """
        return cls(**{one.name: seconds_field(document, one.name) for one in fields(cls)})

    def __add__(self, other: PhaseSeconds) -> PhaseSeconds:
        pairs = zip(self.items(), other.items(), strict=True)
        return PhaseSeconds(*(mine + others for (_, mine), (_, others) in pairs))

    def items(self) -> Iterator[tuple[str, float]]:
        """Names and seconds, in the order in which the phases happen."""
        for one in fields(self):
            yield one.name, getattr(self, one.name)
