"""When each phase of a remote build began and ended, and the processor time of the whole build.

Decides what is measured and its form: seconds since the epoch, since the launcher, the build and the service's own
phases share one time line. Phases may overlap. The measurement is insight for the build's log and ``python -m bench
codebuild``; nothing depends on it. Of several images, a phase is that of the image that had it last.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any


class PhaseTimes:
    """The phases of one remote build.

    Args:
        launched: Phase → begin and end, of the phases before this library was fetched.
    """

    def __init__(self, launched: Mapping[str, tuple[float, float]]) -> None:
        self._spans: dict[str, tuple[float, float]] = dict(launched)
        self._begun = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since this library runs."""
        return time.monotonic() - self._begun

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Measure the code within, even if it fails."""
        begun = time.time()
        try:
            yield
        finally:
            self._spans[name] = (begun, time.time())

    def content(self) -> dict[str, Any]:
        """Return the content of the log line."""
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "phases": {name: [round(begun, 3), round(ended, 3)] for name, (begun, ended) in self._spans.items()},
            "own_cpu_s": round(own.ru_utime + own.ru_stime, 3),
            "children_cpu_s": round(children.ru_utime + children.ru_stime, 3),
        }
