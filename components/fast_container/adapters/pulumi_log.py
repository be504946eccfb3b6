"""One image's progress, on its row of the Pulumi display.

Decides how often a progress line is worth a call to the engine. Leaves the wording to who reports.
"""

from __future__ import annotations

import time

import pulumi

_PROGRESS_INTERVAL_S = 0.5


class PulumiReporter:
    """Satisfies ``core.ports.Reporter`` through the engine's log, attached to a resource."""

    def __init__(self, resource: pulumi.Resource) -> None:
        self._resource = resource
        self._last_progress_s = 0.0

    def progress(self, line: str) -> None:
        """An ephemeral line; lines that come faster than two a second are dropped."""
        now = time.monotonic()
        if now - self._last_progress_s >= _PROGRESS_INTERVAL_S:
            self._last_progress_s = now
            pulumi.log.info(line, resource=self._resource, ephemeral=True)

    def note(self, line: str) -> None:
        """A line that stays."""
        pulumi.log.info(line, resource=self._resource)

    def warn(self, line: str) -> None:
        """A warning."""
        pulumi.log.warn(line, resource=self._resource)
