"""Sorts places along a Hilbert curve, so that neighbours are stored beside each other."""

from typing import Any

from hilbert import index_of
from pyproj import Transformer
from shapely.geometry import MultiPoint, Point

TO_METRES = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"places": [{"name": "a", "longitude": 13.4, "latitude": 52.5}, …]}`` → their order, and what they span."""
    points = {
        place["name"]: Point(TO_METRES.transform(place["longitude"], place["latitude"])) for place in event["places"]
    }
    west, south, east, north = MultiPoint(list(points.values())).bounds
    scale = max(east - west, north - south, 1.0) / 65535

    def place_of(name: str) -> int:
        return index_of(int((points[name].x - west) / scale), int((points[name].y - south) / scale))

    return {"order": sorted(points, key=place_of), "width": round(east - west), "height": round(north - south)}
