"""Which of BuildKit's times become steps, transfers of caches, and phases."""

from __future__ import annotations

from typing import Any

import pytest

from fast_container.adapters.buildx.timeline import BuildTimeline, union_s
from fast_container.core.dockerfile import RanStep
from fast_container.core.records.steps import TEXT_CHARACTERS, CacheTransfer, StepRun


def at(second: float) -> str:
    """A time of BuildKit, with its nanoseconds."""
    return f"2026-11-27T10:00:{second:012.9f}Z"


class Build:
    """Feeds events."""

    def __init__(self) -> None:
        self.timeline = BuildTimeline()

    def vertex(self, digest: str, name: str, start: float, end: float | None = None, **more: Any) -> None:
        event = {"digest": digest, "started": at(start), **({"completed": at(end)} if end is not None else {}), **more}
        ran = RanStep("build", 2, 7, "RUN  pip\n install") if name.startswith("[build") else None
        self.timeline.on_vertex(event, name, ran)

    def status(self, vertex: str, name: str, **more: Any) -> None:
        self.timeline.on_status({"vertex": vertex, "id": name, **more})


def test_a_step_has_its_begin_in_the_build_and_the_seconds_that_it_ran() -> None:
    build = Build()
    build.vertex("l", "[internal] load build definition from Dockerfile", 10.0, 10.1)
    build.vertex("s", "[build 2/7] RUN pip install", 12.0)
    build.vertex("s", "[build 2/7] RUN pip install", 12.0, 15.5)
    assert build.timeline.steps == (StepRun("build", 2, 7, "RUN pip install", started_s=2.0, duration_s=3.5),)


def test_a_step_that_was_reported_in_parts_ran_for_their_union() -> None:
    build = Build()
    build.vertex("s", "[build 2/7] RUN x", 1.0, 2.0)
    build.vertex("s", "[build 2/7] RUN x", 5.0, 7.0)
    build.vertex("s", "[build 2/7] RUN x", 6.0, 8.0)
    assert build.timeline.steps[0].duration_s == 4.0


def test_a_cached_step_takes_no_time() -> None:
    build = Build()
    build.vertex("s", "[build 2/7] RUN x", 1.0, 2.0, cached=True)
    assert build.timeline.steps[0].cached
    assert build.timeline.steps[0].duration_s == 0.0


def test_what_is_fetched_for_a_step_counts_once_and_unpacking_does_not() -> None:
    build = Build()
    build.vertex("s", "[build 2/7] FROM base", 1.0, 9.0)
    build.status("s", "sha256:one", current=10, total=400)
    build.status("s", "sha256:one", current=400, total=400)
    build.status("s", "sha256:two", current=50, total=50)
    build.status("s", "extracting sha256:one", current=400)
    build.status("unknown", "sha256:three", current=5)
    assert build.timeline.steps[0].transferred_bytes == 450


def test_building_exporting_pushing_and_the_cache_are_told_apart() -> None:
    build = Build()
    build.vertex("b", "booting buildkit", 0.0, 9.0)
    build.vertex("s", "[build 2/7] RUN x", 10.0, 14.0)
    build.vertex("t", "[build 2/7] RUN y", 12.0, 15.0)
    build.vertex("e", "exporting to image", 15.0, 21.0)
    build.status("e", "exporting layers", started=at(15.0), completed=at(16.0))
    build.status("e", "pushing layers", started=at(16.0), completed=at(20.0))
    build.status("e", "pushing manifest for host/name@sha256:1", started=at(20.0), completed=at(20.5))
    build.vertex("c", "exporting cache to registry", 21.0, 24.0)
    phases = build.timeline.phases
    assert (phases.building, phases.exporting, phases.pushing, phases.exporting_cache) == (5.0, 1.5, 4.5, 3.0)


def test_imports_and_exports_of_caches_say_their_seconds_and_whether_they_failed() -> None:
    build = Build()
    build.vertex("i", "importing cache manifest from host/cache:api", 1.0, 3.0, error="not found")
    build.vertex("e", "exporting cache to registry", 5.0, 9.0)
    assert build.timeline.caches == (
        CacheTransfer("import", "host/cache:api", 2.0, failed=True),
        CacheTransfer("export", "registry", 4.0),
    )


def test_a_long_step_is_cut() -> None:
    timeline = BuildTimeline()
    timeline.on_vertex({"digest": "s"}, "[1/1] RUN", RanStep("", 1, 1, "RUN " + "x" * 5000))
    assert len(timeline.steps[0].text) == TEXT_CHARACTERS


@pytest.mark.parametrize("time", ["yesterday", 5, None, "", {}])
def test_a_time_that_is_none_is_left_out(time: object) -> None:
    timeline = BuildTimeline()
    timeline.on_vertex({"digest": "s", "started": time, "completed": time}, "[1/1] RUN", RanStep("", 1, 1, "RUN x"))
    assert timeline.steps[0].duration_s == 0.0


def test_overlapping_spans_are_counted_once() -> None:
    assert union_s([(5, 6), (0, 2), (1, 3), (1, 1.5)]) == 4
