"""What has got worse: builds that take longer, images that have grown.

Decides what is compared and when it counts. Builds are compared with builds of the same image that ran the same steps:
a build with everything cached says nothing about one without. Of the last three builds the two quicker ones count, so
that one slow machine raises no alarm; of those before, the ones that are far off do not. The difference must be larger
than ``LEAST`` and than chance explains, by how much the earlier builds differ among themselves. Sizes hardly differ by
chance, so one build is enough. ``python -m bench records`` counts true and false alarms over simulated histories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev
from typing import Final, Literal

from fast_container.core.records.record import BuildRecord
from fast_container.report.step_figures import costs_nothing

LEAST: Final = 0.10
LAST: Final = 3
LEAST_BEFORE: Final = 6
MOST_BEFORE: Final = 20
# Fewer seconds are not worth a line.
_LEAST_S: Final = 1.0
_LEAST_BYTES: Final = 1_000_000
# How many deviations of its own a difference may have by chance.
_DEVIATIONS: Final = 3.0
# Mean and deviation of the mean of the two lowest of three, in deviations of a single one (a normal distribution's).
_LOWEST_TWO_LIE: Final = 0.42
_LOWEST_TWO_VARY: Final = 0.60
# Earlier builds that are further off than so many deviations were not usual.
_FAR_OFF: Final = 4.0
# A normal distribution's deviation in median absolute deviations.
_OF_MAD: Final = 1.4826

Measure = Literal["seconds", "bytes"]


@dataclass(frozen=True, slots=True)
class Regression:
    """What got worse.

    Attributes:
        image: The image's name.
        measure: ``seconds`` of a build, or ``bytes`` of the image.
        before: The usual value until then.
        now: The value now.
    """

    image: str
    measure: Measure
    before: float
    now: float

    @property
    def growth(self) -> float:
        """How much worse, as a share: 0.25 is a quarter."""
        return self.now / self.before - 1


def regressions(records: Iterable[BuildRecord]) -> list[Regression]:
    """Find what got worse; the records are in the order of their runs. The gravest first."""
    durations: dict[tuple[object, ...], list[float]] = {}
    sizes: dict[tuple[str, str], list[float]] = {}
    for record in records:
        image = record.name, record.repository_url, record.platform
        if record.outcome == "built":
            ran = tuple((step.stage, step.number) for step in record.timeline if not costs_nothing(step))
            durations.setdefault((*image, record.executor, ran or record.steps_cached), []).append(record.duration_s)
        if record.outcome != "failed" and record.image_bytes:
            sizes.setdefault((record.name, record.platform), []).append(record.image_bytes)
    found: list[Regression] = []
    for (name, *_), values in durations.items():
        if worse := slower(values):
            found.append(Regression(str(name), "seconds", *worse))
    for (name, _), values in sizes.items():
        if worse := larger(values):
            found.append(Regression(name, "bytes", *worse))
    return sorted(found, key=lambda one: -one.growth)


def slower(seconds: Sequence[float]) -> tuple[float, float] | None:
    """The usual seconds and those of now, if the last builds are slower than chance explains; else None."""
    before, last = _usual_ones(seconds[:-LAST][-MOST_BEFORE:]), seconds[-LAST:]
    if len(before) < LEAST_BEFORE:
        return None
    usual, now, deviation = mean(before), mean(sorted(last)[:2]), stdev(before)
    by_chance = deviation * (_DEVIATIONS * (_LOWEST_TWO_VARY**2 + 1 / len(before)) ** 0.5 - _LOWEST_TWO_LIE)
    is_slower = now - usual > max(LEAST * usual, by_chance, _LEAST_S)
    return (usual, now) if is_slower else None


def _usual_ones(values: Sequence[float]) -> list[float]:
    """Values without those that are far off."""
    if not values:
        return []
    middle = median(values)
    off = _FAR_OFF * _OF_MAD * median(abs(one - middle) for one in values)
    return [one for one in values if abs(one - middle) <= off]


def larger(sizes: Sequence[float]) -> tuple[float, float] | None:
    """The usual bytes and those of now, if the image has grown; else None."""
    if len(sizes) < 2:
        return None
    usual, now = median(sizes[:-1][-MOST_BEFORE:]), sizes[-1]
    return (usual, now) if now - usual > max(LEAST * usual, _LEAST_BYTES) else None
