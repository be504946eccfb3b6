"""Says in which order a courier visits some stops."""

from typing import Any

from shop_tours import Stop, tour_of

RELEASE = "routes 1"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"stops": [{"name": "depot", "latitude": 52.52, "longitude": 13.40}, …]}`` → the tour from the first on."""
    tour = tour_of([Stop(stop["name"], float(stop["latitude"]), float(stop["longitude"])) for stop in event["stops"]])
    return {
        "release": RELEASE,
        "order": [stop.name for stop in tour.stops],
        "kilometres": round(tour.kilometres, 1),
    }
