"""Checks an order and says what it costs."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from shop_pricing import RATES_AS_OF, Line, TaxRateError, total_of

RELEASE = "orders 1"


class OrderLine(BaseModel):
    """One line of an order, as it comes in."""

    sku: str = Field(pattern=r"^[A-Z]{2}-\d{3}$")
    quantity: int = Field(gt=0)
    unit_price: Decimal = Field(ge=0, decimal_places=2)


class Order(BaseModel):
    """An order, as it comes in."""

    country: str
    lines: list[OrderLine] = Field(min_length=1)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"country": "DE", "lines": [{"sku": "TE-001", "quantity": 2, "unit_price": "4.50"}]}`` → what it costs."""
    try:
        order = Order.model_validate(event)
        total = total_of([Line(line.sku, line.quantity, line.unit_price) for line in order.lines], order.country)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
        return {"release": RELEASE, "accepted": False, "problems": problems}
    except TaxRateError as error:
        return {"release": RELEASE, "accepted": False, "problems": [f"country: {error}"]}
    return {
        "release": RELEASE,
        "accepted": True,
        "rates_as_of": RATES_AS_OF,
        "net": str(total.net),
        "tax": str(total.tax),
        "gross": str(total.gross),
    }
