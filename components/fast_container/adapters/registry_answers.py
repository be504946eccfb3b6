"""What the answers of a registry say beyond their status: challenges and errors.

Decides how they are read. Leaves what follows from them to ``adapters.oci_registry``.
"""

from __future__ import annotations

import json
from typing import Any, cast

from fast_container.adapters.http_transport import Response


def has_expired(response: Response) -> bool:
    """ECR answers 403, without a challenge, to a token that was good once."""
    return response.status == 403 and "token has expired" in error_text(response)


def challenge(header: str) -> tuple[str, dict[str, str]]:
    """Scheme (lower case) and parameters of WWW-Authenticate; commas within quotes do not separate."""
    scheme, _, rest = header.strip().partition(" ")
    parameters: dict[str, str] = {}
    while rest:
        name, _, rest = rest.lstrip(" ,").partition("=")
        if rest.startswith('"'):
            value, _, rest = rest[1:].partition('"')
        else:
            value, _, rest = rest.partition(",")
        if name:
            parameters[name.strip().lower()] = value.strip()
    return scheme.lower(), parameters


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object; empty where it is none."""
    try:
        loaded: object = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}


def error_text(response: Response) -> str:
    """``CODE: message`` of the first error that a registry names; at most 300 characters."""
    errors: object = json_object(response.body).get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = cast("dict[str, Any]", errors[0])
        return f"{first.get('code', '')}: {first.get('message', '')}".strip(": ")[:300]
    return ""
