"""The order in which to visit some stops."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shop_tours._search import shortest

_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Stop:
    """A place to visit, in degrees."""

    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Tour:
    """Stops in the order of the tour, which ends where it begins."""

    stops: tuple[Stop, ...]
    kilometres: float


def tour_of(stops: Sequence[Stop]) -> Tour:
    """A short tour that begins at the first stop."""
    distances = [_distance(one, other) for one in stops for other in stops]
    order, kilometres = shortest(distances, len(stops))
    return Tour(tuple(stops[index] for index in order), kilometres)


def _distance(one: Stop, other: Stop) -> float:
    """Kilometres on the great circle."""
    ours, theirs = math.radians(one.latitude), math.radians(other.latitude)
    east = math.radians(other.longitude - one.longitude)
    half = math.sin((theirs - ours) / 2) ** 2 + math.cos(ours) * math.cos(theirs) * math.sin(east / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
