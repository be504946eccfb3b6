"""A run as spans: which there are, inside which, when, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given

from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.span import Span
from fast_container.core.records.steps import StepRun
from fast_container.report.phase_times import timed_phases
from fast_container.report.runs import Run
from fast_container.report.spans import spans_of

PHASES = PhaseSeconds(
    waiting=5, looking_up=0.5, staging=0.5, building=6, exporting=1, pushing=1, checking=0.5, tagging=0.5
)
STEPS = (StepRun("", 2, 3, "RUN pip install", 1.0, 4.0), StepRun("", 3, 3, "COPY . .", 5.0, 0.5, cached=True))
ORIGIN = Origin("a1", "shop/prod", "GitHub Actions", "https://github.com/x/y/actions/runs/1", "abc1234", "main", "no")
API = BuildRecord(
    "api",
    "host/api",
    "1" * 64,
    "sha256:d",
    "built",
    1000.0,
    12.0,
    waited_s=5.0,
    reason="first build",
    phases=PHASES,
    timeline=STEPS,
    origin=ORIGIN,
    executor="local",
)
FAILED = replace(API, name="worker", outcome="failed", digest="", reason="no", timeline=(), phases=PhaseSeconds())
SAME = replace(API, name="same", outcome="unchanged")
ROOT = spans_of(Run("a1", (API, FAILED, SAME)), 999.0, 1020.0)


def paths(span: Span, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Span]]:
    here = (*before, span.name)
    yield here, span
    for one in span.inside:
        yield from paths(one, here)


def named(name: str) -> Span:
    (found,) = [span for path, span in paths(ROOT) if path[-1] == name]
    return found


def test_a_step_is_in_its_build_which_is_in_its_image_which_is_in_the_update() -> None:
    (path,) = [path for path, _ in paths(ROOT) if path[-1] == "RUN pip install"]
    assert path == ("pulumi up shop/prod", "image api", "build api", "building", "RUN pip install")


def test_times_are_those_of_the_record() -> None:
    assert (ROOT.started, ROOT.ended) == (999.0, 1020.0)
    assert (named("image api").started, named("image api").ended) == (1000.0, 1017.0)
    (waiting,) = [span for span in named("image api").inside if span.name == "waiting"]
    assert (waiting.started, waiting.ended) == (1000.5, 1005.5)
    assert (named("building").started, named("building").ended) == (1008.0, 1014.0)
    assert (named("RUN pip install").started, named("RUN pip install").ended) == (1009.0, 1013.0)


def test_attributes_follow_the_semantic_conventions() -> None:
    assert ROOT.attributes["cicd.pipeline.name"] == "shop/prod"
    assert ROOT.attributes["cicd.pipeline.result"] == "failure"
    assert ROOT.attributes["vcs.ref.head.revision"] == "abc1234"
    assert ROOT.attributes["cicd.pipeline.run.url.full"] == ORIGIN.ci_run
    assert ROOT.attributes["fast_container.images.unchanged"] == 1
    api = named("image api").attributes
    assert api["container.image.name"] == "host/api"
    assert api["oci.manifest.digest"] == "sha256:d"
    assert api["container.image.tags"] == ("key-" + "1" * 40,)
    assert named("COPY . .").attributes["fast_container.step.cached"] is True


def test_a_failed_image_says_why_and_has_no_build() -> None:
    failed = named("image worker")
    assert (failed.failure, failed.inside) == ("no", ())
    assert failed.attributes["error.type"] == "build_failed"


def test_names_of_others_are_made_printable() -> None:
    hostile = "\x1b]0;x\x07"
    root = spans_of(Run("a1", (replace(API, name=hostile, reason=hostile),)), 0.0, 1.0)
    texts = [text for _, span in paths(root) for text in (span.name, *map(str, span.attributes.values()))]
    assert any("\\x1b]0;x" in text for text in texts)
    assert all(text.isprintable() for text in texts)


@given(
    spent=st.lists(st.floats(0, 1000), min_size=12, max_size=12),
    duration=st.floats(0, 1000),
    begins=st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), max_size=3),
)
def test_a_span_is_never_longer_than_the_one_it_is_in(
    spent: list[float], duration: float, begins: list[tuple[float, float]]
) -> None:
    timeline = tuple(StepRun("", 1, 1, "RUN x", start, length) for start, length in begins)
    record = replace(API, phases=PhaseSeconds(*spent), duration_s=duration, timeline=timeline)
    assert all(phase.started <= phase.ended for phase in timed_phases(record))
    for _, span in paths(spans_of(Run("a1", (record,)), 999.0, 1000.0)):
        assert span.started <= span.ended
        for inside in span.inside:
            assert span.started <= inside.started
            assert inside.ended <= span.ended
