"""Prices and taxes of the shop."""

from shop_pricing.rates import RATES_AS_OF, TaxRateError
from shop_pricing.totals import Line, Total, total_of

__all__ = ["RATES_AS_OF", "Line", "TaxRateError", "Total", "total_of"]
