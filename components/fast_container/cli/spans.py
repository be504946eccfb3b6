"""Spans of time and whole numbers on the command line.

Decides their spelling: ``30m``, ``12h``, ``7d``, ``2w``.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.errors import ArgsError

_SPAN: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_SECONDS: Final = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def seconds_of(text: str, flag: str) -> float:
    """Read a span of time.

    Raises:
        ArgsError: It is not one.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ArgsError(
            f"{text!r} is not a span of time.", property_path=flag, next_step="For example: 12h, 30d, 2w (m, h, d, w)."
        )
    return int(found[1]) * _SECONDS[found[2]]


def number_of(text: str, flag: str, *, most: int = 100_000) -> int:
    """Read a whole number.

    Raises:
        ArgsError: It is not one, or too large.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) > most:
        raise ArgsError(
            f"{text!r} is not a number of images.",
            property_path=flag,
            next_step=f"Give a whole number from 0 to {most}.",
        )
    return int(text)
