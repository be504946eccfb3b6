"""BuildKit's progress (``--progress=rawjson``) as progress lines, counts, a log, and the cause of a failure.

Decides what a user sees of it, without secrets, colours and control characters. One JSON object a line: ``vertexes``
(started, completed, cached, error), ``statuses``, ``logs`` (base64), ``warnings``; other lines are buildx's own
messages. Leaves starting buildx to ``adapters.buildx.executor``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from fast_container.adapters.buildx.timeline import BuildTimeline
from fast_container.core.dockerfile import RanStep
from fast_container.core.json_document import parse_json
from fast_container.printable import output_lines, without_sequences

_STEP = re.compile(r"^\[(?:(?P<stage>[^\]]*?) )?\s*(?P<number>\d+)/(?P<count>\d+)\] (?P<text>.*)$", re.DOTALL)
_EXIT_CODE = re.compile(r"exit code: (\d+)")
_LOADING = "[internal] load "
_LOGIN = "[auth] "
_LAST_LINES = 40
_SHOWN_WIDTH = 72
_SHORTEST_SECRET = 4


class Scrubber:
    """Takes known secrets out of a log.

    A secret of several lines is taken out line by line, since logs come by the line. A line shorter than four
    characters is
    left: replacing it would only garble the log.
    """

    def __init__(self, secrets: Iterable[bytes | str]) -> None:
        texts: set[str] = set()
        for secret in secrets:
            text = secret.decode("utf-8", "replace") if isinstance(secret, bytes) else secret
            texts.update(line.strip() for line in text.splitlines())
        known = sorted((t for t in texts if len(t) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """Replace every secret with ``***``."""
        return self._pattern.sub("***", text) if self._pattern else text


@dataclass(slots=True)
class _Vertex:
    number: int
    name: str
    stage: str = ""
    step: str = ""
    ran: RanStep | None = None
    started_s: float | None = None
    ended: bool = False
    cached: bool = False
    fetched: bool = False
    error: str = ""
    rest: str = ""
    last_lines: deque[str] = field(default_factory=lambda: deque[str](maxlen=_LAST_LINES))


class Log(Protocol):
    """Where the full log is written."""

    def write(self, text: str, /) -> object:
        """Add text."""
        ...


class BuildProgress:
    """Reads the lines of one build.

    Args:
        log: The full log is written here.
        show: Gets progress lines.
        monotonic: Seconds.
        scrub: Takes secrets out of whatever is shown or written.
        on_begin: Gets the builder's own time of the first step that BuildKit began; its errors reach ``feed``'s caller.

    Attributes:
        warnings: BuildKit's own, one line each.
        timeline: When BuildKit did what.
    """

    def __init__(
        self,
        log: Log,
        show: Callable[[str], None],
        monotonic: Callable[[], float],
        scrub: Scrubber,
        on_begin: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._show = show
        self._monotonic = monotonic
        self._scrub = scrub
        self._on_begin: Callable[[str], None] | None = on_begin
        self._vertices: dict[str, _Vertex] = {}
        self._messages: deque[str] = deque(maxlen=_LAST_LINES)
        self._written: deque[str] = deque(maxlen=_LAST_LINES)
        self._current: _Vertex | None = None
        self._last_shown = ""
        self.warnings: list[str] = []
        self.timeline = BuildTimeline()

    @property
    def began(self) -> bool:
        """Whether BuildKit began to work on the build; reaching or starting BuildKit does not count."""
        return any(v.step or v.name.startswith(_LOADING) for v in self._vertices.values())

    @property
    def steps(self) -> int:
        """Number of the Dockerfile's steps that this build had, FROM among them."""
        return sum(1 for v in self._vertices.values() if v.step)

    @property
    def ran(self) -> tuple[RanStep, ...]:
        """The Dockerfile's steps, of all stages, cached ones too."""
        return tuple(v.ran for v in self._vertices.values() if v.ran is not None)

    @property
    def steps_cached(self) -> int:
        """How many of them cost nothing; a FROM counts if nothing had to be fetched or unpacked."""
        return sum(
            1
            for v in self._vertices.values()
            if v.step and (v.cached or (v.ended and not v.fetched and "FROM " in v.step))
        )

    @property
    def messages(self) -> list[str]:
        """Buildx's own last lines."""
        return list(self._messages)

    @property
    def error(self) -> str:
        """The line in which buildx said why it failed, or ""."""
        errors = [line for line in self._messages if line.startswith("ERROR:")]
        text = errors[-1].removeprefix("ERROR:").strip() if errors else ""
        return text.removeprefix("failed to build: ").removeprefix("failed to solve: ")

    @property
    def last_lines(self) -> list[str]:
        """The last lines of the full log."""
        return list(self._written)

    def failed_step(self) -> tuple[str, int | None, list[str]]:
        """Name, exit code and last lines of the step that failed; empty if no step did."""
        failed = [v for v in self._vertices.values() if v.error and "context canceled" not in v.error]
        if not failed:
            return "", None, []
        vertex = failed[0]
        match = _EXIT_CODE.search(vertex.error)
        return vertex.name, int(match[1]) if match else None, list(vertex.last_lines)

    def feed(self, line: str) -> None:
        """Take one line of buildx's output."""
        event = _event(line)
        if event is None:
            text = self._clean(line.rstrip())
            if text:
                self._messages.append(text)
                self._write(text)
            return
        for vertex in _objects(event, "vertexes"):
            self._on_vertex(vertex)
        for status in _objects(event, "statuses"):
            self.timeline.on_status(status)
            known = self._vertices.get(str(status.get("vertex")))
            if known and (status.get("current") or str(status.get("id", "")).startswith("extracting")):
                known.fetched = True
        for entry in _objects(event, "logs"):
            self._on_log(entry)
        for warning in _objects(event, "warnings"):
            text = self._clean(_decoded(warning.get("short")))
            self.warnings.append(text)
            self._write(f"WARNING: {text}")

    def tick(self) -> None:
        """Show the current step with its time; to be called about once a second."""
        vertex = self._current
        if vertex is None or vertex.started_s is None:
            return
        elapsed_s = self._monotonic() - vertex.started_s
        line = (f"{elapsed_s:.0f} s · " if elapsed_s >= 1 else "") + _shown(vertex)
        if line != self._last_shown:
            self._last_shown = line
            self._show(line)

    def close(self) -> None:
        """Write the rest of lines that had no end."""
        for vertex in self._vertices.values():
            if vertex.rest:
                self._line(vertex, vertex.rest)
                vertex.rest = ""

    def _on_vertex(self, event: dict[str, Any]) -> None:
        digest, name = str(event.get("digest")), self._clean(str(event.get("name", "")))
        vertex = self._vertices.get(digest)
        if vertex is None:
            match = _STEP.match(name)
            vertex = _Vertex(len(self._vertices) + 1, name, (match["stage"] or "") if match else "")
            vertex.step = f"[{match['number']}/{match['count']}] {match['text']}" if match else ""
            if match:
                vertex.ran = RanStep(vertex.stage, int(match["number"]), int(match["count"]), match["text"])
            self._vertices[digest] = vertex
        self.timeline.on_vertex(event, name, vertex.ran)
        # Buildx's own vertices, such as booting a builder, have this machine's time.
        if self._on_begin and event.get("started") and name.startswith(_LOADING):
            on_begin, self._on_begin = self._on_begin, None
            on_begin(str(event["started"]))
        if event.get("cached") and not vertex.cached:
            vertex.cached = True
            self._write(f"#{vertex.number} {vertex.name}\n#{vertex.number} CACHED")
        elif event.get("started") and vertex.started_s is None:
            vertex.started_s = self._monotonic()
            self._write(f"#{vertex.number} {vertex.name}")
        if event.get("error") and not vertex.error:
            vertex.error = self._clean(str(event["error"]))
            self._write(f"#{vertex.number} ERROR: {vertex.error}")
        if event.get("completed") and not vertex.ended:
            vertex.ended = True
            if not vertex.cached and not vertex.error:
                self._write(f"#{vertex.number} DONE {self._monotonic() - (vertex.started_s or 0):.1f}s")
        # That a push uses a login is not what takes its time.
        if event.get("started") and not event.get("completed") and not name.startswith(_LOGIN):
            self._current = vertex
            self.tick()

    def _on_log(self, entry: dict[str, Any]) -> None:
        vertex = self._vertices.get(str(entry.get("vertex")))
        if vertex is None:
            return
        *lines, vertex.rest = (vertex.rest + _decoded(entry.get("data"))).split("\n")
        for line in lines:
            self._line(vertex, line)

    def _line(self, vertex: _Vertex, line: str) -> None:
        text = self._clean(line.rstrip("\r").rpartition("\r")[2])
        vertex.last_lines.append(text)
        self._write(f"#{vertex.number} {text}")

    def _write(self, text: str) -> None:
        self._written.extend(text.split("\n"))
        self._log.write(text + "\n")

    def _clean(self, text: str) -> str:
        """Remove secrets, and everything that would move a terminal's cursor; a secret may have colours in it."""
        return output_lines(self._scrub(without_sequences(self._scrub(text))))


def _shown(vertex: _Vertex) -> str:
    text = vertex.step.replace("]", "", 1).removeprefix("[") or {"exporting to image": "pushing"}.get(
        vertex.name, vertex.name.removeprefix("[internal] ")
    )
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_WIDTH else text[: _SHOWN_WIDTH - 1].rstrip() + "…"


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        loaded: object = parse_json(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else None


def _objects(event: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value: object = event.get(name)
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def _decoded(value: object) -> str:
    try:
        return base64.b64decode(str(value or "")).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return str(value)
