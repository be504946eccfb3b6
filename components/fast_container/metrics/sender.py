"""Sends the metrics of a run to CloudWatch at its end.

Decides that they never fail or hold up a deploy: all of it happens in a thread of its own, whose client is made while
the engine works; at the end it gets a few seconds, and what went wrong is one line. What was usual is read back from
the log only if something was built. Leaves the metrics to ``report`` and the calls to an adapter.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from fast_container.errors import FastContainerError
from fast_container.report.metric_batches import Events, batches
from fast_container.report.metric_documents import Detail, metric_documents
from fast_container.report.metric_history import past_builds
from fast_container.report.runs import Run

MOST_S: Final = 5.0
_BUILDS: Final = "builds"


class Log(Protocol):
    """A log group; see ``adapters.records.metric_log``."""

    def newest(self, stream: str) -> list[str]:
        """Return the newest events of a stream."""
        ...

    def put(self, stream: str, events: Events) -> None:
        """Write events."""
        ...


class MetricSender:
    """Sends the metrics of one run.

    Args:
        detail: As ``BuildMetrics`` has it.
        most_s: Seconds after the run's end that it may take.
    """

    def __init__(self, detail: Detail, most_s: float = MOST_S) -> None:
        self._detail: Detail = detail
        self._most_s = most_s
        self._run: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended_s = 0.0
        self._wrong = ""

    def open(self, open_log: Callable[[], Log]) -> None:
        """Begin, once the log group exists.

        Args:
            open_log: Makes the client; called in the sender's thread.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, args=(open_log,), name="send metrics", daemon=True)
            self._thread.start()

    def fail(self, wrong: str) -> None:
        """Note why there will be no metrics."""
        self._wrong = wrong

    def begin(self, run: Run) -> None:
        """Begin to send a run's metrics; see ``state.run_records.RunReader``."""
        self._ended_s = time.monotonic() + self._most_s
        self._run.put(run)

    def end(self) -> str:
        """Wait for the end, but not for long; return what went wrong."""
        if self._thread is None:
            return _not_sent(self._wrong or "their log group was not made")
        self._thread.join(max(self._ended_s - time.monotonic(), 0.0))
        return _not_sent(f"no answer within {self._most_s:.0f} s") if self._thread.is_alive() else self._wrong

    def _work(self, open_log: Callable[[], Log]) -> None:
        try:
            log = open_log()
            run = self._run.get()
            if run is not None:
                self._send(log, run)
        except FastContainerError as error:
            self._wrong = _not_sent(_one_line(error))
        except Exception as error:  # a thread of its own, and insight only
            self._wrong = _not_sent(f"{type(error).__name__}: {error}")

    def _send(self, log: Log, run: Run) -> None:
        history: Sequence[str] = ()
        unread = ""
        try:
            history = log.newest(_BUILDS) if run.built else ()
        except FastContainerError as error:
            unread = f"the builds of this run were not compared with earlier ones: {_one_line(error)}"
        for stream, events in batches(metric_documents(run, time.time(), past_builds(history), self._detail)):
            log.put(stream, events)
        self._wrong = unread


def _not_sent(why: str) -> str:
    return f"the metrics of this run were not sent: {' '.join(why.split())}"


def _one_line(error: FastContainerError) -> str:
    parts = (error.what.rstrip("."), error.where, error.why, error.next_step)
    return " ".join(": ".join(part for part in parts if part).split())
