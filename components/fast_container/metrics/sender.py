"""Sends the metrics of a run to CloudWatch.

Decides that they never fail or hold up a deploy: all of it happens in a thread of its own, whose client is made while
the engine works; at the end it gets a few seconds, and what went wrong is one line. A run that fails is sent as it
fails, since the engine ends its program. What was usual is read back from the log only if something was built. Leaves
the metrics to ``report`` and the calls to an adapter.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Parcel:
    """Records that are to be sent together."""

    run: Run
    records: Sequence[BuildRecord]
    is_end: bool
    is_done: threading.Event = field(default_factory=threading.Event)


class MetricSender:
    """Sends the metrics of one run.

    Args:
        detail: As ``BuildMetrics`` has it.
        most_s: Seconds that the run may be held up.
    """

    def __init__(self, detail: Detail, most_s: float = MOST_S) -> None:
        self._detail: Detail = detail
        self._most_s = most_s
        self._parcels: queue.SimpleQueue[_Parcel] = queue.SimpleQueue()
        self._under_way: list[_Parcel] = []
        self._thread: threading.Thread | None = None
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
        self._wrong = _not_sent(wrong)

    def begin(self, run: Run, records: Sequence[BuildRecord], *, is_end: bool) -> None:
        """Begin to send records; see ``state.run_records.RunReader``."""
        parcel = _Parcel(run, records, is_end)
        self._under_way.append(parcel)
        self._parcels.put(parcel)

    def wait(self, *, is_end: bool) -> str:
        """Wait until what was begun is sent, but not for long; return what went wrong."""
        if self._thread is None:
            # The log group may be made a moment later.
            return self._wrong or (_not_sent("their log group was not made") if is_end else "")
        until_s = time.monotonic() + self._most_s
        for parcel in tuple(self._under_way):
            if not parcel.is_done.wait(max(until_s - time.monotonic(), 0.0)):
                return _not_sent(f"no answer within {self._most_s:.0f} s")
        self._under_way = [parcel for parcel in self._under_way if not parcel.is_done.is_set()]
        return self._wrong

    def _work(self, open_log: Callable[[], Log]) -> None:
        log: Log | None = None
        is_last = False
        try:
            log = open_log()
        except Exception as error:  # a thread of its own, and insight only
            self._wrong = _not_sent(_one_line(error))
        while not is_last:
            parcel = self._parcels.get()
            is_last = parcel.is_end
            try:
                if log is not None:
                    self._send(log, parcel)
            except Exception as error:  # as above
                self._wrong = _not_sent(_one_line(error))
            finally:
                parcel.is_done.set()

    def _send(self, log: Log, parcel: _Parcel) -> None:
        run, sent = parcel.run, time.time()
        history: Sequence[str] = ()
        try:
            if any(record.outcome == "built" for record in parcel.records):
                history = log.newest(_BUILDS)
        except FastContainerError as error:
            self._wrong = f"the builds of this run were not compared with earlier ones: {_one_line(error)}"
        documents = image_documents(run, parcel.records, sent, past_builds(history), self._detail)
        if parcel.is_end:
            documents.append(run_document(run, sent))
        for stream, events in batches(documents):
            log.put(stream, events)


def _not_sent(why: str) -> str:
    return f"the metrics of this run were not sent: {why}"


def _one_line(error: Exception) -> str:
    if isinstance(error, FastContainerError):
        parts = (error.what.rstrip("."), error.where, error.why, error.next_step)
        text = ": ".join(part for part in parts if part)
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())
