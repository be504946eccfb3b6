"""What is made of records: runs, the critical path, steps, regressions, and their forms."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from datetime import UTC

import pytest

from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import CacheTransfer, StepRun
from fast_container.report.critical_path import critical_path
from fast_container.report.markdown import failure_commands, report_markdown
from fast_container.report.regressions import Regression, larger, regressions, slower
from fast_container.report.run_lines import run_lines
from fast_container.report.runs import Run, runs_of
from fast_container.report.step_figures import hit_rate, step_figures
from fast_container.report.text import report_text
from fast_container.report.trace import report_trace

ORIGIN = Origin(run="a1", stack="shop/prod", commit="abcdef0123456789", branch="main", dirty="yes")


def built(name: str, started: float, duration_s: float, waited_s: float = 0.0, **more: object) -> BuildRecord:
    phases = PhaseSeconds(waiting=waited_s, building=duration_s)
    known = {"steps": 4, "steps_cached": 1, "pushed_bytes": 5_000_000, "origin": ORIGIN, "reason": "src/app.py changed"}
    record = BuildRecord(name, "host/name", "k" * 64, "sha256:d", "built", started, duration_s, waited_s=waited_s)
    return replace(record, phases=phases, **(known | more))


API = built("api", 1000.0, 40.0, timeline=(StepRun("", 2, 4, "RUN pip install", 1.0, 30.0),))
WORKER = built("worker", 1000.0, 10.0)
FRONT = built("front", 1000.0, 20.0, waited_s=40.5)
SAME = replace(built("same", 1000.0, 0.0), outcome="unchanged", steps=0, steps_cached=0, pushed_bytes=0)
RUN = Run("a1", (API, WORKER, FRONT, SAME))


def test_records_are_grouped_by_run_the_oldest_first() -> None:
    later = replace(WORKER, started=5000.0, origin=Origin(run="b2"))
    runs = runs_of([later, API, FRONT])
    assert [(run.id, [record.name for record in run.records]) for run in runs] == [
        ("a1", ["api", "front"]),
        ("b2", ["worker"]),
    ]


def test_the_last_record_of_an_image_counts() -> None:
    failed = replace(API, outcome="failed")
    assert [record.outcome for record in runs_of([failed, API])[0].records] == ["built"]


def test_the_critical_path_leads_to_the_last_end_through_the_places_that_were_waited_for() -> None:
    path = critical_path(RUN.records)
    assert [record.name for record in path.records] == ["api", "front"]
    assert path.waited_s == 40.5


def test_a_run_without_a_build_has_no_critical_path() -> None:
    assert critical_path([SAME]).records == ()


def test_a_path_of_builds_that_end_together_ends() -> None:
    images = [built(str(number), 1000.0, 10.0, waited_s=10.0) for number in range(5)]
    assert 1 <= len(critical_path(images).records) <= 5


def test_a_run_is_said_in_three_lines() -> None:
    assert run_lines(RUN, "fast-container report") == [
        "4 images in 60 s: 3 built, 1 unchanged; 40 s of waiting for places",
        "slowest: api, 40 s, 30 s of it in RUN pip install",
        "more: fast-container report",
    ]


def test_a_run_in_which_nothing_was_done_is_not_worth_a_line() -> None:
    assert run_lines(Run("a1", (SAME,)), "more") == []


def test_a_step_of_several_images_is_one_step() -> None:
    cached = StepRun("", 2, 4, "RUN pip install", cached=True)
    slow, *others = step_figures([API, built("worker", 1.0, 2.0, timeline=(cached,))])
    assert (slow.images, slow.total_s, slow.hit_rate, others) == ({"api", "worker"}, 30.0, 0.5, [])


def test_a_base_that_was_there_counts_as_cached() -> None:
    there, fetched = StepRun("", 1, 4, "FROM x", 0.0, 0.2), StepRun("", 1, 4, "FROM x", 0.0, 3.0, transferred_bytes=9)
    (figures,) = step_figures([built("a", 1.0, 2.0, timeline=(there,)), built("b", 1.0, 2.0, timeline=(fetched,))])
    assert (figures.cached, figures.seconds) == (1, [3.0])


def test_the_share_of_steps_from_the_cache_is_over_all_builds() -> None:
    assert hit_rate([API, WORKER, SAME]) == 0.25
    assert hit_rate([SAME]) is None


def history(rng: random.Random, count: int, noise: float) -> list[float]:
    """Durations about thirty seconds; one in fifty is from a machine that is busy."""
    return [30 * math.exp(rng.gauss(0, noise)) * (2 if rng.random() < 0.02 else 1) for _ in range(count)]


def test_a_fifth_slower_is_seen_within_three_runs_and_noise_is_not() -> None:
    rng = random.Random(7)
    seen = false = looked = 0
    for _ in range(300):
        before = history(rng, 30, 0.05)
        false += sum(slower(before[:end]) is not None for end in range(10, 31))
        looked += 21
        after = before + [1.2 * value for value in history(rng, 3, 0.05)]
        seen += any(slower(after[:end]) for end in (31, 32, 33))
    assert seen / 300 > 0.95
    assert false / looked <= 0.01


def test_few_runs_say_nothing() -> None:
    assert slower([10.0] * 5 + [20.0] * 3) is None


def test_builds_are_compared_with_those_that_ran_the_same_steps() -> None:
    quick = [built("api", float(n), 2.0, timeline=(StepRun("", 4, 4, "COPY . .", 0, 1),)) for n in range(10)]
    whole = [built("api", 50.0 + n, 40.0, timeline=(StepRun("", 2, 4, "RUN pip", 0, 30),)) for n in range(3)]
    assert regressions(quick + whole) == []


def test_a_build_that_got_slower_and_an_image_that_has_grown_are_told_the_gravest_first() -> None:
    slow = [built("api", float(n), 10.0 if n < 10 else 15.0, image_bytes=90_000_000) for n in range(13)]
    fat = [built("worker", float(n), 10.0, image_bytes=50_000_000 if n < 3 else 80_000_000) for n in range(4)]
    assert regressions(slow + fat) == [
        Regression("worker", "bytes", 50_000_000, 80_000_000),
        Regression("api", "seconds", 10.0, 15.0),
    ]


def test_a_small_image_may_grow() -> None:
    assert larger([10_000, 900_000]) is None


def test_the_text_has_the_runs_the_path_the_steps_and_what_got_worse() -> None:
    cache = built("cached", 2000.0, 3.0, caches=(CacheTransfer("export", "registry", 2.0),), origin=Origin(run="b2"))
    said = report_text(runs_of([*RUN.records, cache]), UTC)
    assert "1970-01-01 00:16  shop/prod · main · abcdef012345 · changed files" in said
    assert " * api     built in 40 s: 1 of 4 steps cached, 5.0 MB pushed" in said
    assert "   worker  built in 10 s" in said
    assert "RUN pip install (api)" in said
    assert "caches exported 1 time, 2.0 s in all" in said
    assert report_text([]) == "No builds are recorded.\n"


def test_nothing_in_markdown_is_anothers_markup() -> None:
    evil = built("a|b<script>`x`[l](u)", 1000.0, 1.0, reason="changed: **x**\n| y |")
    said = report_markdown([Run("a1", (evil,))])
    assert "<script>" not in said
    assert "**x**" not in said
    (row,) = [line for line in said.splitlines() if line.startswith("| a")]
    assert row.replace("\\|", "").count("|") == 9


def test_a_failed_image_is_an_annotation_on_one_line() -> None:
    failed = replace(API, outcome="failed", reason="exit code 1\n::error::forged 100%")
    assert failure_commands(Run("a1", (failed, WORKER))) == [
        "::error title=api%3A the build failed::exit code 1%0A::error::forged 100%25"
    ]


def test_the_trace_has_an_event_for_each_build_and_step_in_microseconds() -> None:
    events = json.loads(report_trace([RUN]))["traceEvents"]
    assert {event["name"] for event in events if event["ph"] == "X"} == {
        "api", "worker", "front", "waiting", "building", "RUN pip install",
    }  # fmt: skip
    (step,) = [event for event in events if event["name"] == "RUN pip install"]
    assert (step["ts"], step["dur"]) == (1_001_000_000, 30_000_000)


@pytest.mark.parametrize("form", [report_markdown, report_text, report_trace])
def test_every_form_takes_no_runs(form: object) -> None:
    assert form([])  # type: ignore[operator]
