"""Conditions of policy statements.

Decides whether a statement's conditions are met by what is known of a call: operators on text, and ``Null``. Of a key
that is not known, nothing is decided here: the caller says whether such a condition counts as met.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, str | None]
"""Condition key to value; None where the call is known not to have it."""


def is_met(condition: Mapping[str, Mapping[str, Any]], facts: Facts, *, unknown: bool) -> bool:
    """Whether all conditions of a statement are met.

    Args:
        condition: The statement's ``Condition``.
        facts: What is known of the call.
        unknown: The answer for a key that is not among the facts, and for operators on numbers, dates and addresses.
    """
    known = {name.lower(): value for name, value in facts.items()}
    return all(
        _compare(operator, known[key.lower()], values) if key.lower() in known and _decided(operator) else unknown
        for operator, block in condition.items()
        for key, values in block.items()
    )


def _decided(operator: str) -> bool:
    return not operator.startswith(("Numeric", "Date", "IpAddress", "NotIpAddress", "Binary"))


def _compare(operator: str, value: str | None, given: Any) -> bool:
    values = given if isinstance(given, list) else [given]
    wanted = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    name = operator.removesuffix("IfExists")
    if name == "Null":
        return (value is None) == (wanted == ["true"])
    if value is None:
        return operator.endswith("IfExists") or "Not" in name
    # Only the Like and Arn operators know wildcards; a value without them matches itself.
    plain = name.startswith("String") and name.endswith(("Equals", "EqualsIgnoreCase"))
    like = any(value == text if plain else fnmatch.fnmatchcase(value, text) for text in wanted)
    return not like if "Not" in name else like
