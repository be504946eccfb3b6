"""Which records a verb is asked for.

Decides how ``--last``, ``--since`` and ``--stack`` select, and what damaged records cost: one line. Leaves reading to
``adapters.records``.
"""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from typing import Final

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli.output import complain
from fast_container.core.cache_folder import cache_folder
from fast_container.core.records.record import BuildRecord
from fast_container.core.spelling import counted
from fast_container.errors import ArgsError

_AGO: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
MOST: Final = 100_000


def local_records(since: str | None) -> list[BuildRecord]:
    """Read the records on this machine, from the oldest to the newest.

    Raises:
        ArgsError: ``since`` is neither a date nor a span.
    """
    records = LocalRecords(cache_folder(os.environ))
    found = records.read(since=began_after(since))
    if found.damaged:
        complain(f"fast-container: {counted(found.damaged, 'record')} in {records.folder} cannot be read: left out")
    return list(found.records)


def number(text: str | None, usual: int) -> int:
    """The value of ``--last``.

    Raises:
        ArgsError: It is not a number that makes sense.
    """
    if text is None:
        return usual
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:8]) <= MOST:
        raise ArgsError(
            f"{text!r} is not a number of runs.",
            property_path="--last",
            next_step=f"Give a whole number from 1 to {MOST}.",
        )
    return int(text)


def began_after(text: str | None) -> float:
    """Seconds since the epoch that ``--since`` means; 0 without it.

    Raises:
        ArgsError: It is neither a date nor a span.
    """
    return moment(text, "--since") if text else 0.0


def moment(text: str, flag: str) -> float:
    """Read a date, or a span before now, as seconds since the epoch.

    Raises:
        ArgsError: It is neither.
    """
    if match := _AGO.fullmatch(text):
        return time.time() - int(match[1]) * _SECONDS[match[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ArgsError(
            f"{text!r} is neither a date nor a span of time.",
            property_path=flag,
            next_step="Give a date such as 2026-11-01, or how long ago: 30m, 12h, 7d, 2w.",
        ) from None
