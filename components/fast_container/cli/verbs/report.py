"""``fast-container report``: what the last runs built, why, and how long it took.

Decides which form is printed. Leaves the forms to ``report`` and selecting records to ``cli.recorded``.
"""

from __future__ import annotations

import argparse
import json

from fast_container.cli.output import emit, say, write_page
from fast_container.cli.recorded import local_records, number
from fast_container.report.markdown import failure_commands, report_markdown
from fast_container.report.runs import runs_of
from fast_container.report.text import report_text
from fast_container.report.trace import report_trace

_USUAL_RUNS = 10


def run(arguments: argparse.Namespace) -> int:
    """Print the report.

    Raises:
        ArgsError: An option has no sense.
    """
    records = local_records(arguments.since)
    last = number(arguments.last, _USUAL_RUNS)
    runs = [run for run in runs_of(records) if arguments.stack in (None, run.origin.stack)]
    if not arguments.since:
        runs = runs[-last:]
    if arguments.json:
        emit(json.dumps({"version": 1, "runs": [[one.document() for one in run.records] for run in runs]}))
        emit("\n")
    elif arguments.html is not None:
        from fast_container.report.pages.builds_page import builds_page  # noqa: PLC0415 - an extra

        write_page(arguments.html, builds_page(runs))
    elif arguments.trace:
        emit(report_trace(runs) + "\n")
    elif arguments.markdown:
        emit(report_markdown(runs))
    elif arguments.github:
        emit("".join(f"{line}\n" for run in runs[-1:] for line in failure_commands(run)))
    else:
        say(report_text(runs).splitlines())
    return 0
