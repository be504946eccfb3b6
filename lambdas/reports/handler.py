"""Sums up a month's sales and packs them as Parquet."""

import base64
import io
from typing import Any

import pandas as pd

RELEASE = "reports 1"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"month": "2026-11", "sales": [{"country": "DE", "gross": "35.70"}]}`` → totals, and as Parquet."""
    sales = pd.DataFrame(event["sales"], columns=["country", "gross"])
    sales["gross"] = pd.to_numeric(sales["gross"])
    totals = sales.groupby("country")["gross"].agg(["count", "sum"]).sort_index()
    packed = io.BytesIO()
    totals.reset_index().to_parquet(packed, compression="zstd")
    return {
        "release": RELEASE,
        "month": event["month"],
        "totals": {country: f"{row['sum']:.2f}" for country, row in totals.iterrows()},
        "rows": len(pd.read_parquet(io.BytesIO(packed.getvalue()))),
        "parquet": base64.b64encode(packed.getvalue()).decode(),
    }
