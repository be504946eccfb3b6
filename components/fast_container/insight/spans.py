"""The spans of a run, sent to where OpenTelemetry's variables say.

Decides that a run in which nothing was done sends none, since such a run makes no request at all. Leaves the spans to
``report.spans`` and sending to ``adapters.otlp``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from importlib.metadata import version

from fast_container.adapters.otlp import LONGEST_S, NotSentError, send_spans
from fast_container.core.records.span import Span
from fast_container.report.runs import Run
from fast_container.report.spans import spans_of


class RunSpans:
    """Sends the spans of one run.

    Args:
        environment: OpenTelemetry's variables.
        started: When the run began, in seconds since the epoch.
    """

    def __init__(self, environment: Mapping[str, str], started: float) -> None:
        self._environment = environment
        self._started = started
        self._wrong = ""
        self._thread: threading.Thread | None = None

    def begin(self, run: Run) -> None:
        """Begin to send them."""
        if all(record.outcome == "unchanged" for record in run.records):
            return
        root = spans_of(run, self._started, time.time())
        self._thread = threading.Thread(target=self._send, args=(root,), name="send spans", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            # The interpreter is ending, and starts no more threads; sending has limits of its own.
            self._thread = None
            self._send(root)

    def end(self) -> str:
        """Wait for the answer, seconds at most; return what went wrong, in one line, or ""."""
        if self._thread is not None:
            self._thread.join(LONGEST_S + 0.5)
            if self._thread.is_alive():
                self._wrong = f"no answer within {LONGEST_S:.0f} s"
        return f"the spans of this run were not sent: {self._wrong}" if self._wrong else ""

    def _send(self, root: Span) -> None:
        try:
            send_spans(root, self._environment, version("fast-container"))
        except NotSentError as error:
            self._wrong = str(error)
