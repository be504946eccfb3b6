"""Says what one piece of a product costs, tax included."""

from decimal import Decimal
from typing import Any

from shop_pricing import Line, total_of


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"sku": "TE-001", "country": "DE", "unit_price": "4.50"}`` → its gross price."""
    total = total_of([Line(event["sku"], 1, Decimal(event["unit_price"]))], event["country"])
    return {"sku": event["sku"], "gross": str(total.gross)}
