"""What an order costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from shop_pricing.rates import rate_of

_CENT = Decimal("0.01")


@checked(frozen=True)
class Line:
    """Some pieces of one product at a net price for each; checked when it is made."""

    sku: str
    quantity: Annotated[int, Field(gt=0)]
    unit_price: Annotated[Decimal, Field(ge=0)]

    @property
    def net(self) -> Decimal:
        """The net price of the line."""
        return self.quantity * self.unit_price


@dataclass(frozen=True)
class Total:
    """Net, tax and gross, each rounded to the cent; ``net + tax == gross``."""

    net: Decimal
    tax: Decimal
    gross: Decimal


def total_of(lines: Iterable[Line], country: str) -> Total:
    """The total of an order that is delivered to a country."""
    net = sum((line.net for line in lines), Decimal(0)).quantize(_CENT, ROUND_HALF_UP)
    tax = (net * rate_of(country)).quantize(_CENT, ROUND_HALF_UP)
    return Total(net, tax, net + tax)
