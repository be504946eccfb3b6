"""Value added tax by country."""

from decimal import Decimal

RATES_AS_OF = "2026-01"

_RATES = {"AT": Decimal("0.20"), "CH": Decimal("0.081"), "DE": Decimal("0.19"), "FR": Decimal("0.20")}


class TaxRateError(ValueError):
    """There is no rate for that country."""


def rate_of(country: str) -> Decimal:
    """The rate of a country, by its two letters."""
    try:
        return _RATES[country]
    except KeyError:
        raise TaxRateError(f"no tax rate for {country!r}; known: {', '.join(sorted(_RATES))}") from None
