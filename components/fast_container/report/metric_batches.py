"""Metric documents in batches that CloudWatch Logs takes in one call.

Decides the limits of ``PutLogEvents``: 10,000 events, 1,048,576 bytes (26 of them for each event), 24 hours between
the first and the last, in the order of their times; 256 KiB an event. Leaves the call to an adapter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from fast_container.report.metric_documents import MetricDocument, Stream

MOST_EVENTS: Final = 10_000
MOST_BYTES: Final = 1_048_576
MOST_BYTES_OF_EVENT: Final = 262_144
EVENT_BYTES: Final = 26
LONGEST_MS: Final = 24 * 3600 * 1000
Events: TypeAlias = list[dict[str, Any]]


def batches(documents: Iterable[MetricDocument]) -> list[tuple[Stream, Events]]:
    """Return the log events of each call, with the stream that they go to; an event that is too large is left out."""
    found: list[tuple[Stream, Events]] = []
    used_bytes = 0
    for document in sorted(documents, key=lambda one: (one.stream, one.timestamp_ms)):
        needed_bytes = len(document.text.encode("utf-8", "backslashreplace")) + EVENT_BYTES
        if needed_bytes > MOST_BYTES_OF_EVENT:
            continue
        if not found or not _fits(found[-1], document, used_bytes + needed_bytes):
            found.append((document.stream, []))
            used_bytes = 0
        found[-1][1].append({"timestamp": document.timestamp_ms, "message": document.text})
        used_bytes += needed_bytes
    return found


def _fits(batch: tuple[Stream, Events], document: MetricDocument, used_bytes: int) -> bool:
    stream, events = batch
    is_soon = document.timestamp_ms - int(events[0]["timestamp"]) < LONGEST_MS
    return stream == document.stream and len(events) < MOST_EVENTS and used_bytes <= MOST_BYTES and is_soon
