"""What the demo asks each function, and what it shows of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LINES = [{"sku": "TE-001", "quantity": 2, "unit_price": "4.50"}, {"sku": "CU-002", "quantity": 1, "unit_price": "21"}]
STOPS = [
    {"name": "depot", "latitude": 52.52, "longitude": 13.40},
    {"name": "Leipzig", "latitude": 51.34, "longitude": 12.37},
    {"name": "Hamburg", "latitude": 53.55, "longitude": 9.99},
    {"name": "Dresden", "latitude": 51.05, "longitude": 13.74},
]
EVENTS: Mapping[str, dict[str, Any]] = {
    "orders": {"country": "DE", "lines": LINES},
    "invoices": {"number": "2026-17", "country": "DE", "lines": LINES},
    "search": {"query": "grean tea"},
    "labels": {"parcel": "JD0146000037"},
    "routes": {"stops": STOPS},
    "reports": {"month": "2026-11", "sales": [{"country": "DE", "gross": "35.70"}, {"country": "DE", "gross": "4.30"}]},
}
SHOWN: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "orders": lambda answer: f"{answer['gross']} EUR",
    "invoices": lambda answer: f"{answer['gross']} EUR",
    "search": lambda answer: answer["found"][0]["sku"],
    "labels": lambda answer: f"QR {answer['designator']}",
    "routes": lambda answer: f"{answer['kilometres']} km",
    "reports": lambda answer: f"DE {answer['totals']['DE']}",
}
