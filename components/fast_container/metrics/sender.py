"""Sends the metrics of a run to CloudWatch.

Decides that they never fail or hold up a deploy: all of it happens in threads, and the client is made while the engine
works; at the end it gets a few seconds, and what went wrong is one line. What was usual is read back from the log only
if something was built. Leaves the metrics to ``report``, the calls to an adapter, and when a run is told to
``state.run_records``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from fast_container.core.records.record import BuildRecord
from fast_container.errors import FastContainerError
from fast_container.report.metric_batches import Events, batches
from fast_container.report.metric_documents import Detail, image_documents, run_document
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
        most_s: Seconds that the run may be held up.
    """

    def __init__(self, detail: Detail, most_s: float = MOST_S) -> None:
        self._detail: Detail = detail
        self._most_s = most_s
        self._log: Log | None = None
        self._opening: threading.Thread | None = None
        self._under_way: list[threading.Thread] = []
        self._begun = 0
        self._wrong = ""

    def open(self, open_log: Callable[[], Log]) -> None:
        """Begin, once the log group exists.

        Args:
            open_log: Makes the client; called in a thread.
        """
        self._opening = threading.Thread(target=self._open, args=(open_log,), name="reach metrics", daemon=True)
        self._opening.start()

    def fail(self, wrong: str) -> None:
        """Note why there will be no metrics."""
        self._wrong = _not_sent(wrong)

    def begin(self, run: Run) -> None:
        """Begin to send what is new in a run; see ``state.run_records.RunReader``."""
        new, is_first = run.records[self._begun :], not self._begun
        self._begun = len(run.records)
        if self._opening is None:
            self._wrong = self._wrong or _not_sent("their log group was not made")
            return
        thread = threading.Thread(target=self._work, args=(run, new, is_first), name="send metrics", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # Python is about to end
            self._wrong = _not_sent("the program has ended")
        else:
            self._under_way.append(thread)

    def end(self) -> str:
        """Wait until what was begun is sent, but not for long; return what went wrong."""
        until_s = time.monotonic() + self._most_s
        for thread in self._under_way:
            thread.join(max(until_s - time.monotonic(), 0.0))
            if thread.is_alive():
                return _not_sent(f"no answer within {self._most_s:.0f} s")
        self._under_way = []
        return self._wrong

    def _open(self, open_log: Callable[[], Log]) -> None:
        try:
            self._log = open_log()
        except Exception as error:  # a thread of its own, and insight only
            self._wrong = _not_sent(_one_line(error))

    def _work(self, run: Run, new: Sequence[BuildRecord], is_first: bool) -> None:
        assert self._opening is not None
        self._opening.join()
        try:
            if self._log is not None:
                self._send(self._log, run, new, is_first)
        except Exception as error:  # as above
            self._wrong = _not_sent(_one_line(error))

    def _send(self, log: Log, run: Run, new: Sequence[BuildRecord], is_first: bool) -> None:
        history: Sequence[str] = ()
        try:
            if any(record.outcome == "built" for record in new):
                history = log.newest(_BUILDS)
        except FastContainerError as error:
            self._wrong = f"the builds of this run were not compared with earlier ones: {_one_line(error)}"
        sent = time.time()
        documents = image_documents(run, new, sent, past_builds(history), self._detail)
        # A run that goes on after it was sent, because an image failed, is one run.
        documents += [run_document(run, sent)] if is_first else []
        for stream, events in batches(documents):
            log.put(stream, events)


def _not_sent(why: str) -> str:
    return f"the metrics of this run were not sent: {why}"


def _one_line(error: Exception) -> str:
    if isinstance(error, FastContainerError):
        told = ": ".join(part.rstrip(". ") for part in (error.what, error.where, error.why) if part)
        text = f"{told}. {error.next_step}" if error.next_step else told
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())
