"""One image's progress, on its row of the Pulumi display.

Decides how often a progress line is worth a call to the engine, and that a line is one line without control characters
(``printable``), except that a warning keeps its lines. ``FAST_CONTAINER_PROGRESS`` asks for fewer: ``plain`` shows a
step when it changes, ``quiet`` none; notes and warnings stay. A call blocks the event loop of all images, and a build
of half a second has ten lines that change too fast to be read: a line that is replaced within half a second is not
shown. Leaves the wording to the callers.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final

import pulumi

from fast_container.printable import printable, printable_lines

_INTERVAL_S = 0.5
# A row that only counts seconds is still one line each in a CI log.
_SAME_STEP_INTERVAL_S = 5.0
PROGRESS: Final = "FAST_CONTAINER_PROGRESS"
_SECONDS = re.compile(r"^\d+ s · ")


class PulumiReporter:
    """Satisfies ``core.ports.Reporter`` through the engine's log, attached to a resource.

    Args:
        resource: On whose row lines are shown.
        interval_s: Seconds from one progress line to the next.
        progress: ``plain``, ``quiet``, or anything else for all lines.
    """

    def __init__(self, resource: pulumi.Resource, *, interval_s: float = _INTERVAL_S, progress: str = "") -> None:
        self.resource = resource
        self._interval_s = interval_s
        self._progress = progress
        self._last_s = 0.0
        self._last_step: str = ""
        self._later: asyncio.TimerHandle | None = None

    def progress(self, line: str) -> None:
        """Show an ephemeral line; of lines that come too fast the last is shown, one that only counts on is dropped."""
        if self._progress == "quiet":
            return
        self._forget()
        line = printable(line)
        now = time.monotonic()
        self._last_s = self._last_s or now
        step: str = _SECONDS.sub("", line)
        if self._progress == "plain" and step == self._last_step:
            return
        rest_s = self._last_s + (_SAME_STEP_INTERVAL_S if step == self._last_step else self._interval_s) - now
        if rest_s <= 0:
            self._last_s, self._last_step = now, step
            pulumi.log.info(line, resource=self.resource, ephemeral=True)
        elif step != self._last_step:
            # It may stand for minutes, as "waiting" does.
            self._later = asyncio.get_running_loop().call_later(rest_s, self.progress, line)

    def note(self, line: str) -> None:
        """A line that stays."""
        self._forget()
        pulumi.log.info(printable(line), resource=self.resource)

    def warn(self, line: str) -> None:
        """A warning; a table of findings has several lines."""
        pulumi.log.warn(printable_lines(line), resource=self.resource)

    def _forget(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
