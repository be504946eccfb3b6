"""What is usual for an image, from the metrics of its earlier builds, and what has got worse in the newest one.

Decides what is read back of a metric document, and that something counts as worse in the build in which it begins, not
in each one after that: an alarm is for the change. Builds are compared as in ``regressions``, with builds of the same
image that ran the same steps, on the same kind of machine. A machine that has never built anything knows as much as
any other: the history is the stack's log. Leaves fetching it to an adapter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from fast_container.core.json_document import parse_object, size_field, string_field
from fast_container.core.records.numbers import count_field, seconds_field
from fast_container.core.records.record import BuildRecord
from fast_container.report.regressions import LAST, LEAST_BEFORE, MOST_BEFORE, larger, slower
from fast_container.report.step_figures import costs_nothing

SLOWER: Final = "SlowerBuilds"
GROWN: Final = "GrownImages"
UNCACHED: Final = "LostCaches"
# A cache that still serves three quarters of what it served has not been lost.
_LOST: Final = 0.25
LONGEST: Final = 250


@dataclass(frozen=True, slots=True)
class PastBuild:
    """One build, as later builds are compared with it.

    Attributes:
        image: The image's name, as it is a dimension.
        platform: Its platform.
        ran: Which steps ran, and where; see ``ran_of``.
        duration_s: Seconds.
        image_bytes: Its size; 0 where it is not known.
        hit_rate: Share of the steps that came out of the cache; None without a step.
    """

    image: str
    platform: str
    ran: str
    duration_s: float
    image_bytes: int
    hit_rate: float | None

    @classmethod
    def of(cls, record: BuildRecord) -> PastBuild:
        """Take it from a record."""
        rate = record.steps_cached / record.steps if record.steps else None
        return cls(
            dimension_value(record.name), record.platform, ran_of(record), record.duration_s, record.image_bytes, rate
        )


def past_builds(texts: Iterable[str]) -> list[PastBuild]:
    """Read metric documents; what is none of a build, or damaged, is left out."""
    found: list[PastBuild] = []
    for text in texts:
        try:
            document = parse_object(text)
            if document.get("Outcome") == "built":
                found.append(_read(document))
        except ValueError:
            continue
    return found


def _read(document: dict[str, Any]) -> PastBuild:
    steps, cached = count_field(document, "Steps"), count_field(document, "StepsCached")
    return PastBuild(
        string_field(document, "Image"),
        string_field(document, "Platform"),
        string_field(document, "Ran"),
        seconds_field(document, "DurationSeconds"),
        size_field(document, "ImageBytes"),
        cached / steps if steps else None,
    )


def ran_of(record: BuildRecord) -> str:
    """Identify what a build did: which steps ran, by which executor, in which CI system."""
    ran = [(step.stage, step.number) for step in record.timeline if not costs_nothing(step)] or record.steps_cached
    told = json.dumps([record.executor, record.origin.ci, ran])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def worsened(history: Sequence[PastBuild], now: PastBuild) -> list[str]:
    """Name the metrics of what got worse in a build.

    Args:
        history: Earlier builds of all images, the oldest first.
        now: The build.
    """
    of_image = [one for one in history if (one.image, one.platform) == (now.image, now.platform)] + [now]
    durations = [one.duration_s for one in of_image if one.ran == now.ran]
    sizes = [float(one.image_bytes) for one in of_image if one.image_bytes]
    rates = [one.hit_rate for one in of_image if one.hit_rate is not None]
    found = {
        SLOWER: slower(durations) and not slower(durations[:-1]),
        GROWN: now.image_bytes and larger(sizes) and not larger(sizes[:-1]),
        UNCACHED: now.hit_rate is not None and has_fallen(rates) and not has_fallen(rates[:-1]),
    }
    return [metric for metric, is_worse in found.items() if is_worse]


def has_fallen(rates: Sequence[float]) -> bool:
    """Whether the last builds all took much less out of the cache than usual; one build may have changed its base."""
    before, last = rates[:-LAST][-MOST_BEFORE:], rates[-LAST:]
    return len(before) >= LEAST_BEFORE and max(last) <= median(before) - _LOST


def dimension_value(text: str) -> str:
    """A name as CloudWatch takes it for a dimension: printable ASCII, not empty, without a colon at its beginning."""
    return "".join(_ascii(text.strip().lstrip(":")))[:LONGEST] or "-"


def _ascii(text: str) -> Iterator[str]:
    for character in text:
        if character.isascii():
            yield character if character.isprintable() else f"\\x{ord(character):02x}"
        else:
            yield character.encode("ascii", "backslashreplace").decode()
