"""Greets."""

from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"name": "Ada"}`` → a greeting."""
    return {"greeting": f"Hello, {event['name']}"}
