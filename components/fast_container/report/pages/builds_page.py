"""The page of ``fast-container report --html``: what the last runs built, and where the time went.

Decides which parts the page has, and how many rows of what is long are shown at once. Leaves figures to ``report``,
the rows of a timeline to ``report.pages.timeline``, lines over many runs to ``report.pages.trends``, and the words to
the template.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from functools import partial
from typing import Final

from fast_container.core.records.record import seconds
from fast_container.report.pages.environment import fill
from fast_container.report.pages.timeline import Timeline, timeline
from fast_container.report.pages.trends import bars, image_trends
from fast_container.report.regressions import regressions
from fast_container.report.runs import Run
from fast_container.report.step_figures import hit_rate, step_figures
from fast_container.report.text import sentence, when

_STEPS: Final = 15
_IMAGES: Final = 20
_MOST_IMAGES: Final = 1000
_TIMELINES: Final = 6
_RUNS: Final = 12
_LEAST_STEP_S: Final = 0.1
_LONG_S: Final = 180


def builds_page(runs: Sequence[Run], zone: tzinfo | None = None) -> str:
    """Make the page.

    Args:
        runs: The oldest first.
        zone: The time zone of what is shown; the machine's by default.

    Raises:
        LocalSystemError: The extra for pages is not installed.
    """
    records = [record for run in runs for record in run.records]
    drawn: list[Timeline] = [timeline(run) for run in runs]
    steps = [one for one in step_figures(records) if one.total_s >= _LEAST_STEP_S]
    return fill(
        "builds.html",
        when=partial(when, zone=zone),
        seconds=seconds,
        spent=_spent,
        runs=runs,
        records=records,
        title=_title(runs),
        drawn=[one for one in reversed(drawn) if one.rows][:_TIMELINES],
        summaries=list(reversed(drawn))[:_MOST_IMAGES],
        rows_of_runs=_RUNS,
        lengths=bars([one.run.duration_s for one in drawn]),
        waited_s=sum(one.path.waited_s for one in drawn),
        rate=hit_rate(records),
        worse=[sentence(one) for one in regressions(records)],
        steps=steps[:_STEPS],
        more_steps=steps[_STEPS:],
        images=image_trends(runs)[:_MOST_IMAGES],
        rows=_IMAGES,
    )


def _title(runs: Sequence[Run]) -> str:
    stacks = sorted({run.origin.stack for run in runs if run.origin.stack})
    return f"Builds of {', '.join(stacks[:3])}{' and others' if len(stacks) > 3 else ''}" if stacks else "Builds"


def _spent(spent_s: float) -> str:
    """Write a time that may be long: ``41 s``, ``34 min``, ``139 h``."""
    if spent_s < _LONG_S:
        return seconds(spent_s)
    return f"{spent_s / 60:.0f} min" if spent_s < _LONG_S * 60 else f"{spent_s / 3600:.0f} h"
