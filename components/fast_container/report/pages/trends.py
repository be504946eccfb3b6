"""What changes over many runs: seconds and size of each image, seconds of the runs.

Decides that an image is its name, platform and repository, and how a line over the runs is drawn: as many points as
there are values, at most so many, in a field of 100 by 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.records.record import BuildRecord, seconds
from fast_container.core.spelling import growth_text, size_text
from fast_container.report.runs import Run
from fast_container.report.step_figures import hit_rate

_POINTS: Final = 50
_HEIGHT: Final = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line over the runs.

    Attributes:
        points: Of a polyline; ``""`` if there are fewer than two values.
        said: The line in words.
    """

    points: str
    said: str


@dataclass(frozen=True, slots=True)
class ImageTrend:
    """An image over the runs.

    Attributes:
        last: Its last record.
        built: How often it was built.
        failed: How often that failed.
        rate: Share of the steps that came out of the cache; None without a build.
        seconds: Of each build.
        size: Of the image after each run.
        total_s: Seconds of all builds.
        bytes: Its size now; 0 if it is not known.
    """

    last: BuildRecord
    built: int
    failed: int
    rate: float | None
    seconds: Line
    size: Line
    total_s: float
    bytes: int


def image_trends(runs: Sequence[Run]) -> list[ImageTrend]:
    """Follow each image over the runs; what took most time comes first."""
    by_image: dict[tuple[str, str, str], list[BuildRecord]] = {}
    for run in runs:
        for record in run.records:
            by_image.setdefault((record.name, record.platform, record.repository_url), []).append(record)
    trends = [_trend(records) for records in by_image.values()]
    return sorted(trends, key=lambda one: (-one.total_s, one.last.name))


def _trend(records: Sequence[BuildRecord]) -> ImageTrend:
    built = [record for record in records if record.outcome == "built"]
    spent = [record.duration_s for record in built]
    sizes = [record.image_bytes for record in records if record.image_bytes and record.outcome != "failed"]
    return ImageTrend(
        records[-1],
        len(built),
        sum(record.outcome == "failed" for record in records),
        hit_rate(built),
        Line(_points(spent), f"{seconds(spent[0])} at first, {seconds(spent[-1])} now" if spent else ""),
        Line(_points(sizes), f"{size_text(sizes[-1])}, {growth_text(sizes[-1] - sizes[0])}" if sizes else ""),
        sum(spent),
        sizes[-1] if sizes else 0,
    )


def _points(values: Sequence[float]) -> str:
    """Draw values from zero, the last ones if there are too many."""
    shown = values[-_POINTS:]
    most = max(shown, default=0)
    if len(shown) < 2 or not most:
        return ""
    step = 100 / (len(shown) - 1)
    heights = [_HEIGHT - 1 - (_HEIGHT - 2) * value / most for value in shown]
    return " ".join(f"{at * step:.0f},{high:.0f}" for at, high in enumerate(heights))


def bars(values: Sequence[float]) -> list[tuple[float, float, float, float]]:
    """Arrange values as bars in a field of 1000 by 100: x, y, width and height of each."""
    shown = values[-4 * _POINTS :]
    most = max(shown, default=0)
    if len(shown) < 2 or not most:
        return []
    wide = 1000 / len(shown)
    heights = [max(1.0, 100 * value / most) for value in shown]
    return [(at * wide + wide * 0.1, 100 - high, wide * 0.8, high) for at, high in enumerate(heights)]
