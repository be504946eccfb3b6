"""Writes an invoice as text."""

from decimal import Decimal
from typing import Any

from jinja2 import Environment, StrictUndefined
from shop_pricing import RATES_AS_OF, Line, total_of

RELEASE = "invoices 1"

_INVOICE = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False).from_string(
    """\
Invoice {{ number }}
{% for line in lines %}
{{ "%3d"|format(line.quantity) }} x {{ "%-10s"|format(line.sku) }} {{ "%10.2f"|format(line.net) }}
{% endfor %}
    net            {{ "%10.2f"|format(total.net) }}
    tax            {{ "%10.2f"|format(total.tax) }}
    to pay         {{ "%10.2f"|format(total.gross) }}
"""
)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"number": "2026-17", "country": "DE", "lines": […]}`` (lines as for ``orders``) → the invoice."""
    lines = [Line(line["sku"], int(line["quantity"]), Decimal(line["unit_price"])) for line in event["lines"]]
    total = total_of(lines, event["country"])
    text = _INVOICE.render(number=event["number"], lines=lines, total=total)
    return {"release": RELEASE, "rates_as_of": RATES_AS_OF, "gross": str(total.gross), "text": text}
