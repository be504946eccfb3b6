"""The last run as Markdown, for the summary page of a CI run.

Decides the table. Names and reasons are others' words: nothing in them is markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fast_container.core.records.record import BuildRecord, seconds
from fast_container.core.spelling import megabytes
from fast_container.printable import printable
from fast_container.report.regressions import regressions
from fast_container.report.run_lines import run_lines
from fast_container.report.runs import Run
from fast_container.report.text import sentence

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+.!|~&$@-])")


def report_markdown(runs: Sequence[Run]) -> str:
    """The newest of some runs, and what has got worse in all of them."""
    if not runs:
        return "No builds are recorded.\n"
    run = runs[-1]
    lines = [f"### Container images{f' of {plain(run.origin.stack)}' if run.origin.stack else ''}", ""]
    lines += [f"{plain(line)}  " for line in run_lines(run)] or ["Nothing has changed."]
    shown = [record for record in run.records if record.outcome != "unchanged"]
    if shown:
        lines += ["", "| image | what happened | seconds | waited | cached | pushed | size | why |", "|" + "---|" * 8]
        lines += [_row(record) for record in shown]
    worse = regressions(record for one in runs for record in one.records)
    if worse:
        lines += ["", *(f"- worse: {plain(sentence(one))}" for one in worse)]
    return "\n".join(lines) + "\n"


def failure_commands(run: Run) -> list[str]:
    """A GitHub workflow command for each image that failed."""
    return [
        f"::error title={_property(f'{record.name}: the build failed')}::{_data(record.reason or record.summary())}"
        for record in run.of("failed")
    ]


def _row(record: BuildRecord) -> str:
    cached = f"{record.steps_cached} of {record.steps}" if record.steps else ""
    cells = (
        plain(record.name),
        record.outcome,
        seconds(record.duration_s),
        seconds(record.waited_s) if record.waited_s >= 1 else "",
        cached,
        megabytes(record.pushed_bytes) if record.pushed_bytes else "",
        megabytes(record.image_bytes) if record.image_bytes else "",
        plain(record.reason),
    )
    return f"| {' | '.join(cells)} |"


def plain(text: str) -> str:
    """Text in which nothing is markup, on one line."""
    return _MARKUP.sub(r"\\\1", printable(text))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
