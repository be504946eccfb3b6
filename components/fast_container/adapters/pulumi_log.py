"""One image's progress, on its row of the Pulumi display.

Decides how often a progress line is worth a call to the engine. Leaves the wording to who reports.
"""

from __future__ import annotations

import re
import time

import pulumi

_INTERVAL_S = 0.5
# A row that only counts seconds is still one line each in a CI log.
_SAME_STEP_INTERVAL_S = 5.0
_SECONDS = re.compile(r"\s*\d+ s$")


class PulumiReporter:
    """Satisfies ``core.ports.Reporter`` through the engine's log, attached to a resource."""

    def __init__(self, resource: pulumi.Resource) -> None:
        self._resource = resource
        self._last_s = 0.0
        self._last_step: str = ""

    def progress(self, line: str) -> None:
        """An ephemeral line; what comes too fast, or only counts on, is dropped."""
        now = time.monotonic()
        step: str = _SECONDS.sub("", line)
        if now - self._last_s >= (_SAME_STEP_INTERVAL_S if step == self._last_step else _INTERVAL_S):
            self._last_s, self._last_step = now, step
            pulumi.log.info(line, resource=self._resource, ephemeral=True)

    def note(self, line: str) -> None:
        """A line that stays."""
        pulumi.log.info(line, resource=self._resource)

    def warn(self, line: str) -> None:
        """A warning."""
        pulumi.log.warn(line, resource=self._resource)
