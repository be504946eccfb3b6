"""Numbers in a record: counts, seconds, truth values.

Decides that a damaged or hostile record is a ``ValueError``: a record may come from a registry that others write to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

# A hundred years.
_LONGEST_S: Final = 3.2e9
_LARGEST_COUNT: Final = 1 << 31


def seconds_field(document: Mapping[str, Any], name: str) -> float:
    """A number of seconds, 0 where it is absent or null."""
    value = document.get(name)
    if value is None:
        return 0.0
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= _LONGEST_S:
        raise ValueError(f"its {name} is not a number of seconds")
    return float(value)


def count_field(document: Mapping[str, Any], name: str) -> int:
    """A count, 0 where it is absent or null."""
    value = document.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= _LARGEST_COUNT:
        raise ValueError(f"its {name} is not a count")
    return value


def flag_field(document: Mapping[str, Any], name: str) -> bool:
    """A truth value, false where it is absent or null."""
    value = document.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ValueError(f"its {name} is neither true nor false")
    return value
