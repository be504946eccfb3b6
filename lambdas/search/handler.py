"""Finds products in spite of typing errors."""

import json
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process, utils

RELEASE = "search 1"

_PRODUCTS: dict[str, str] = json.loads(Path(__file__).with_name("products.json").read_text(encoding="utf-8"))


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"query": "grean tea"}`` → the best matches with their scores (0 to 100)."""
    found = process.extract(
        str(event.get("query", "")),
        _PRODUCTS,
        scorer=fuzz.partial_ratio,
        processor=utils.default_process,
        limit=int(event.get("limit", 3)),
        score_cutoff=60,
    )
    return {
        "release": RELEASE,
        "products": len(_PRODUCTS),
        "found": [{"sku": sku, "name": name, "score": round(score, 1)} for name, score, sku in found],
    }
