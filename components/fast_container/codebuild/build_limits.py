"""How long the builds of a ``CodeBuildBuilder`` may take and queue, how many run at once, and of how many images.

Decides CodeBuild's own bounds, and how former arguments (``timeout`` and ``queue_timeout`` in minutes,
``concurrent_build_limit``) become the present ones. Leaves the warnings to ``deprecated``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from fast_container.args import check_timeout
from fast_container.core.remote.grouping import MOST_BY_ITSELF
from fast_container.deprecated import renamed
from fast_container.errors import ArgsError
from fast_container.shapes import check_count, shown

# CodeBuild's bounds: 5 minutes to 36 hours, and at most 8 hours in the queue.
_LEAST_S: Final = 300
_LONGEST_S: Final = 129_600
_LONGEST_QUEUED_S: Final = 28_800
_MOST_PARALLEL: Final = 10_000
# Each build in a VPC makes a network interface, and EC2 throttles that.
_MOST_PARALLEL_IN_VPC: Final = 20
# One machine that dies takes so many along, and one that takes long delays so many.
_MOST_IMAGES: Final = 16
AUTO: Final = "auto"
ImagesPerBuild: TypeAlias = int | Literal["auto"]


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """The limits of a builder; see its arguments.

    Attributes:
        of_project: The limit of the project itself, or None.
        fills_builds: Whether images share a build although there is a place for each.
    """

    timeout_s: float
    queue_timeout_s: float
    max_parallel: int
    of_project: int | None
    images_per_build: int
    fills_builds: bool

    @property
    def timeout_minutes(self) -> int:
        """The time limit in CodeBuild's unit, rounded up."""
        return math.ceil(self.timeout_s / 60)

    @property
    def queue_timeout_minutes(self) -> int:
        """The time limit in the queue, likewise."""
        return math.ceil(self.queue_timeout_s / 60)


def checked_limits(
    component: str,
    *,
    timeout_s: object,
    queue_timeout_s: object,
    max_parallel: object,
    timeout: object,
    queue_timeout: object,
    concurrent_build_limit: object,
    images_per_build: object,
    in_vpc: bool,
) -> BuildLimits:
    """Return the limits, given by their present or former names.

    Raises:
        ArgsError: One of them is not within CodeBuild's bounds, or is given by both of its names.
    """
    long_s = _in_seconds(component, timeout, timeout_s, "timeout", _LONGEST_S)
    queued_s = _in_seconds(component, queue_timeout, queue_timeout_s, "queue_timeout", _LONGEST_QUEUED_S)
    for value, name in ((max_parallel, "max_parallel"), (concurrent_build_limit, "concurrent_build_limit")):
        if value is not None:
            check_count(value, name, least=1, most=_MOST_PARALLEL)
    most: Any = renamed(
        concurrent_build_limit, max_parallel, old="concurrent_build_limit", new="max_parallel", component=component
    )
    return BuildLimits(
        timeout_s=3600.0 if long_s is None else check_timeout(long_s, "timeout_s", least=_LEAST_S, most=_LONGEST_S),
        queue_timeout_s=(
            float(_LONGEST_QUEUED_S)
            if queued_s is None
            else check_timeout(queued_s, "queue_timeout_s", least=_LEAST_S, most=_LONGEST_QUEUED_S)
        ),
        max_parallel=most or (_MOST_PARALLEL_IN_VPC if in_vpc else _MOST_PARALLEL),
        of_project=most,
        images_per_build=MOST_BY_ITSELF if images_per_build == AUTO else _checked_number(images_per_build),
        fills_builds=images_per_build != AUTO,
    )


def _checked_number(images_per_build: object) -> int:
    if isinstance(images_per_build, str):
        raise ArgsError(
            f"images_per_build is {shown(images_per_build)}.",
            property_path="images_per_build",
            next_step=f'Give "auto", or a number from 1 to {_MOST_IMAGES}.',
        )
    return check_count(images_per_build, "images_per_build", least=1, most=_MOST_IMAGES)


def _in_seconds(component: str, minutes: object, seconds: object, former: str, most_s: int) -> object:
    """Return the seconds, from whichever of the two was given."""
    if minutes is None:
        return seconds
    given_s = 60 * check_count(minutes, former, least=_LEAST_S // 60, most=most_s // 60)
    now = f"{former}_s"
    advice = f"The unit is the second now: {now}={given_s}."
    return renamed(given_s, seconds, old=former, new=now, component=component, advice=advice)
