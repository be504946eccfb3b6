"""The run as Markdown on the page of a GitHub Actions run, if ``GITHUB_STEP_SUMMARY`` says where.

Decides that it is appended: a job may run several updates. Leaves the words to ``report.markdown``, which is imported
when there are some.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fast_container.report.runs import Run

VARIABLE: Final = "GITHUB_STEP_SUMMARY"


class RunSummary:
    """Appends one run.

    Args:
        environment: Has the variable.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._place = environment.get(VARIABLE, "")
        self._wrong = ""

    def begin(self, run: Run) -> None:
        """Append it, if anything was done."""
        if not self._place or all(record.outcome == "unchanged" for record in run.records):
            return
        from fast_container.report.markdown import report_markdown  # noqa: PLC0415 - see the module

        try:
            with Path(self._place).open("a", encoding="utf-8") as file:
                file.write(report_markdown([run]))
        except (OSError, ValueError) as error:
            self._wrong = f"the run's summary cannot be written: {error}"

    def end(self) -> str:
        """Return what went wrong, in one line, or ""."""
        return self._wrong
