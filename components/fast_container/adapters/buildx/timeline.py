"""When BuildKit did what in one build: steps, transfers of caches, making and pushing the image.

Decides what belongs to which phase, by the names that BuildKit gives its vertices and statuses. All times are the
builder's own, so a builder on another machine changes nothing. Leaves reading the lines, and taking secrets out of the
names, to ``adapters.buildx.progress``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fast_container.core.dockerfile import RanStep
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.steps import TEXT_CHARACTERS, CacheTransfer, StepRun, public_text

_EXPORTING: Final = "exporting to "
_PUSHING: Final = "pushing "
_IMPORTING_CACHE: Final = "importing cache manifest from "
_EXPORTING_CACHE: Final = "exporting cache to "
_OF_BUILDKIT: Final = ("[", _EXPORTING, _IMPORTING_CACHE, _EXPORTING_CACHE)


@dataclass(slots=True)
class _Spans:
    """The times in which something ran; BuildKit reports one again when it ends."""

    ends: dict[float, float] = field(default_factory=dict[float, float])

    def add(self, event: Mapping[str, Any]) -> None:
        started, completed = _time(event.get("started")), _time(event.get("completed"))
        if started is not None:
            self.ends[started] = max(self.ends.get(started, started), completed or started)

    @property
    def first_s(self) -> float | None:
        return min(self.ends, default=None)

    @property
    def duration_s(self) -> float:
        return union_s(self.ends.items())


@dataclass(slots=True)
class _Vertex:
    name: str
    ran: RanStep | None
    spans: _Spans = field(default_factory=_Spans)
    cached: bool = False
    failed: bool = False
    transferred: dict[str, int] = field(default_factory=dict[str, int])
    pushes: dict[str, _Spans] = field(default_factory=dict[str, _Spans])


class BuildTimeline:
    """Collects the times of one build from BuildKit's progress.

    Attributes:
        staging_s: Seconds before it, in which the context was laid out.
        clean: Takes out of a step's text what a record must not have.
    """

    def __init__(self) -> None:
        self.staging_s = 0.0
        self.clean: Callable[[str], str] = public_text
        self._vertices: dict[str, _Vertex] = {}

    def on_vertex(self, event: Mapping[str, Any], name: str, ran: RanStep | None) -> None:
        """Take one event of a vertex.

        Args:
            event: As BuildKit sends it.
            name: The vertex's name, without secrets.
            ran: The step of the Dockerfile that it is, if it is one.
        """
        digest = str(event.get("digest"))
        vertex = self._vertices.get(digest)
        if vertex is None:
            vertex = self._vertices[digest] = _Vertex(name, ran)
        vertex.spans.add(event)
        vertex.cached = vertex.cached or bool(event.get("cached"))
        vertex.failed = vertex.failed or bool(event.get("error"))

    def on_status(self, event: Mapping[str, Any]) -> None:
        """Take one event of a status: what a vertex transfers, or a part of its work."""
        vertex = self._vertices.get(str(event.get("vertex")))
        if vertex is None:
            return
        name, current = str(event.get("id", "")), event.get("current")
        if type(current) is int and not name.startswith("extracting"):
            vertex.transferred[name] = max(current, vertex.transferred.get(name, 0))
        if name.startswith(_PUSHING):
            vertex.pushes.setdefault(name, _Spans()).add(event)

    @property
    def steps(self) -> tuple[StepRun, ...]:
        """The Dockerfile's steps, in the order in which BuildKit named them."""
        begin_s = self._begin_s()
        named = self._vertices.values()
        return tuple(_step(vertex, vertex.ran, begin_s, self.clean) for vertex in named if vertex.ran is not None)

    @property
    def caches(self) -> tuple[CacheTransfer, ...]:
        """Imports and exports of caches."""
        found: list[CacheTransfer] = []
        for vertex in self._vertices.values():
            if vertex.name.startswith(_IMPORTING_CACHE):
                reference = vertex.name.removeprefix(_IMPORTING_CACHE)
                found.append(CacheTransfer("import", reference, vertex.spans.duration_s, vertex.failed))
            elif vertex.name.startswith(_EXPORTING_CACHE):
                reference = vertex.name.removeprefix(_EXPORTING_CACHE)
                found.append(CacheTransfer("export", reference, vertex.spans.duration_s, vertex.failed))
        return tuple(found)

    @property
    def phases(self) -> PhaseSeconds:
        """Seconds of building, exporting, pushing and exporting caches, as far as BuildKit tells."""
        named = self._vertices.values()
        exporting = [vertex for vertex in named if vertex.name.startswith(_EXPORTING)]
        caches = [vertex for vertex in named if vertex.name.startswith(_EXPORTING_CACHE)]
        pushes = [push for vertex in exporting for push in vertex.pushes.values()]
        pushing_s = union_s(span for push in pushes for span in push.ends.items())
        exporting_s = union_s(span for vertex in exporting for span in vertex.spans.ends.items())
        building = (vertex for vertex in named if vertex.name.startswith(("[", _IMPORTING_CACHE)))
        return PhaseSeconds(
            staging=round(self.staging_s, 3),
            building=union_s(span for vertex in building for span in vertex.spans.ends.items()),
            exporting=max(exporting_s - pushing_s, 0.0),
            pushing=pushing_s,
            exporting_cache=union_s(span for vertex in caches for span in vertex.spans.ends.items()),
        )

    def _begin_s(self) -> float:
        # Buildx's own vertices, such as booting a builder, have this machine's time.
        of_buildkit = (vertex for vertex in self._vertices.values() if vertex.name.startswith(_OF_BUILDKIT))
        return min((s for vertex in of_buildkit if (s := vertex.spans.first_s) is not None), default=0.0)


def union_s(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds that lie in at least one span."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total


def _step(vertex: _Vertex, ran: RanStep, begin_s: float, clean: Callable[[str], str]) -> StepRun:
    first_s = vertex.spans.first_s
    text = clean(" ".join(ran.text.split()))
    return StepRun(
        stage=ran.stage,
        number=ran.number,
        count=ran.count,
        text=text if len(text) <= TEXT_CHARACTERS else text[: TEXT_CHARACTERS - 1] + "…",
        started_s=0.0 if first_s is None else round(max(first_s - begin_s, 0.0), 3),
        duration_s=0.0 if vertex.cached else round(vertex.spans.duration_s, 3),
        cached=vertex.cached,
        transferred_bytes=sum(vertex.transferred.values()),
    )


def _time(value: object) -> float | None:
    """Seconds since the epoch of BuildKit's time, which has nanoseconds; None without one."""
    try:
        return datetime.fromisoformat(str(value)).timestamp() if value else None
    except ValueError:
        return None
