"""The page of the last runs, written at the end of a run if ``FAST_CONTAINER_REPORT`` says where.

Decides the name in a folder, ``PROJECT-STACK.html``, and which runs are on the page: the last ones of the same stack.
Leaves the page to ``report.pages.builds_page``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.errors import FastContainerError
from fast_container.report.runs import runs_of

VARIABLE: Final = "FAST_CONTAINER_REPORT"
_RUNS: Final = 20
# Runs of other stacks are in between.
_RUNS_READ: Final = 100
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")


class PageError(Exception):
    """The page could not be written; says why in one line."""


def write_page(kept: LocalRecords, stack: str, environment: Mapping[str, str]) -> str:
    """Write the page; return its place, or "" if none is asked for.

    Args:
        kept: The records, those of this run among them.
        stack: ``project/stack``.
        environment: Has the variable.

    Raises:
        PageError: It could not be written.
    """
    said = environment.get(VARIABLE, "")
    if not said:
        return ""
    try:
        from fast_container.report.pages.builds_page import builds_page  # noqa: PLC0415 - an extra

        place = _place(said, stack)
        runs = [run for run in runs_of(kept.read(last=_RUNS_READ).records) if run.origin.stack == stack]
        place.write_text(builds_page(runs[-_RUNS:]), encoding="utf-8")
    except (OSError, ValueError, FastContainerError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise PageError(f"the page {said!r} of {VARIABLE} cannot be written: {' '.join(why.split())}") from error
    return str(place)


def _place(said: str, stack: str) -> Path:
    place = Path(said).absolute()
    if said.endswith("/") or place.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        place /= f"{_UNFIT.sub('-', stack) or 'builds'}.html"
    return place
