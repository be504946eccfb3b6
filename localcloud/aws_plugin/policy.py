"""When two policy documents mean the same.

Decides that key order, white space, the order of lists, and a list of one against its only member do not matter, as
the real provider does for IAM, repository and lifecycle policies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def canonical(document: Any) -> Any:
    """Convert a policy to a form that is equal for equivalent policies; a string that is not JSON stands for itself."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return document
    return _canonical(document)


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        members = {str(key): _canonical(item) for key, item in value.items()}
        statement = members.get("Statement")
        if statement is not None and not isinstance(statement, list):
            members["Statement"] = [statement]
        return {key: members[key] for key in sorted(members)}
    if isinstance(value, (list, tuple)):
        items = sorted((_canonical(item) for item in value), key=_sort_key)
        if len(items) == 1 and not isinstance(items[0], (dict, list)):
            return items[0]
        return items
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def to_text(document: Any) -> str:
    """Return the JSON of a policy given as a string or as an object."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
