"""When a registry cache is exported: by what exports took and imports saved, and never by anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from fast_container.core.caches.exports import RETRY_AFTER, decide, exports_of, full_mode, merged
from fast_container.core.caches.savings import with_savings
from fast_container.core.records.cache_export import SAMPLES_KEPT, CacheExport, ExportSample, Mode
from fast_container.core.records.machine import Machine
from fast_container.core.records.origin import Origin
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import CacheTransfer, StepRun

OPTION = "type=registry,ref=host/caches:cache-api-main,mode=max,image-manifest=true,ignore-error=true"


def simulated(
    builds: int,
    export_s: Callable[[int, Mode], float],
    saved_s: Callable[[int], float],
    *,
    stages: int = 1,
    result: float = 1.0,
) -> list[Mode]:
    """The modes of so many builds, each decided by the samples of those before; the first has nothing to import."""
    samples: tuple[ExportSample, ...] = ()
    found: list[Mode] = []
    for at in range(builds):
        decision = decide("adaptive", samples)
        found.append(decision.mode)
        saved = saved_s(at) if at else None
        of_result = None if saved is None else saved * result
        took = 0.0 if decision.mode == "none" else export_s(at, decision.mode)
        sample = ExportSample(float(at), "k", decision.mode, took, saved, of_result, stages)
        samples = (*decision.samples, sample)
    return found


def test_without_records_the_cache_is_exported() -> None:
    assert decide("adaptive", []) == CacheExport("max", "", ())
    assert decide("adaptive", [], "min").mode == "min"


def test_always_and_never_ask_no_record() -> None:
    slow = [ExportSample(float(at), "k", "max", 100.0, 0.0, 0.0) for at in range(5)]
    assert (decide("always", slow).mode, decide("always", slow).reason) == ("max", "")
    assert (decide("never", []).mode, decide("never", slow).reason) == ("none", "")


def test_an_export_that_pays_stays() -> None:
    assert set(simulated(20, lambda *_: 10.0, lambda _: 60.0)) == {"max"}


def test_an_export_that_takes_longer_than_imports_save_is_given_up_after_two_measured_imports() -> None:
    # Build 0 has nothing to import; 1 and 2 measure; 3 is the first that leaves the export out.
    found = simulated(3 + RETRY_AFTER + 3, lambda *_: 30.0, lambda _: 5.0)
    assert found[:3] == ["max"] * 3
    assert found[3 : 3 + RETRY_AFTER] == ["none"] * RETRY_AFTER
    assert found[3 + RETRY_AFTER] == "max"  # the trial
    assert found[4 + RETRY_AFTER :] == ["none"] * 2  # which took as long as before


def test_it_recovers_after_a_trial_that_was_quick() -> None:
    found = simulated(20, lambda at, _: 30.0 if at < 5 else 2.0, lambda _: 8.0)
    assert found[12] == "none"
    assert set(found[13:]) == {"max"}


def test_one_slow_export_changes_nothing() -> None:
    assert set(simulated(20, lambda at, _: 300.0 if at == 9 else 10.0, lambda _: 60.0)) == {"max"}


def test_savings_near_the_export_do_not_make_it_swing() -> None:
    found = simulated(22, lambda at, _: 10.0 + at % 2, lambda at: 9.5 + at % 3)
    assert len(set(found)) == 1
    # Between the two limits it stays given up, too.
    off = simulated(22, lambda at, _: 30.0 if at < 5 else 10.0, lambda _: 11.0)
    assert off[14:] == ["none"] * len(off[14:])


def test_an_export_of_less_than_a_second_is_not_worth_a_decision() -> None:
    assert set(simulated(20, lambda *_: 0.9, lambda _: 0.0)) == {"max"}


def test_min_is_tried_where_imports_save_in_the_image_s_own_stage_only() -> None:
    took: dict[Mode, float] = {"max": 40.0, "min": 4.0, "none": 0.0}
    assert simulated(9, lambda _, mode: took[mode], lambda _: 10.0, stages=3)[3:] == ["min"] * 6
    assert simulated(9, lambda _, mode: took[mode], lambda _: 10.0, stages=1)[3] == "none"
    assert simulated(9, lambda _, mode: took[mode], lambda _: 10.0, stages=3, result=0.2)[3] == "none"
    slow_min = simulated(9, lambda _, mode: took[mode] * 5, lambda _: 10.0, stages=3)
    assert slow_min[3:6] == ["min", "min", "none"]


def test_the_same_samples_decide_alike_in_whatever_order_they_were_read() -> None:
    samples = [ExportSample(float(at), f"{at}", "max", 30.0, 5.0, 5.0) for at in range(6)]
    there, here = samples[:4], samples[2:]
    assert merged(there, here) == merged(reversed(here), there) == tuple(samples)
    assert decide("adaptive", merged(there, here)) == decide("adaptive", samples)


def test_a_cache_that_was_never_exported_is_exported_when_the_policy_becomes_adaptive() -> None:
    never = [ExportSample(float(at), "k", "none", 0.0) for at in range(3)]
    assert decide("adaptive", never).mode == "max"
    first = [*never, ExportSample(3.0, "k", "max", 30.0)]
    assert decide("adaptive", first).mode == "max"  # no import was measured yet


def test_the_line_says_the_figures() -> None:
    samples = [ExportSample(float(at), "k", "max", 31.0, 4.2, 4.2) for at in range(3)]
    decision = decide("adaptive", samples)
    assert decision.line == (
        "cache not exported: it took 31 s, imports saved 4.2 s a build (mean of 3); tried again in 10 builds"
    )
    skipped = [*samples, *(ExportSample(float(at), "k", "none", 0.0, 4.2, 4.2) for at in range(3, 9))]
    assert decide("adaptive", skipped).line.endswith("(mean of 9); tried again in 4 builds")
    assert decide("adaptive", [replace(one, stages=2) for one in samples]).line.startswith("cache exported in mode=min")


def test_flags_follow_the_decision() -> None:
    options = (OPTION, OPTION.replace("mode=max", "mode=min"))
    assert exports_of(CacheExport("max"), options) == options
    assert exports_of(CacheExport("none"), options) == ()
    assert exports_of(CacheExport("min"), options) == (options[1], options[1])
    assert (full_mode(options), full_mode(options[1:]), full_mode(())) == ("max", "min", "none")


RAN = (
    StepRun("deps", 2, 2, "RUN pip install", 0.0, 40.0),
    StepRun("", 1, 3, "FROM x", 0.0, 0.1),
    StepRun("", 2, 3, "RUN compile", 40.0, 6.0),
    StepRun("", 3, 3, "COPY . .", 46.0, 0.5),
)
IMPORT, EXPORT = CacheTransfer("import", "host/caches:x", 1.5), CacheTransfer("export", "host/caches:x", 30.0)


def built(at: float, timeline: Sequence[StepRun] = RAN, **more: object) -> BuildRecord:
    record = BuildRecord("api", "host/name", "a" * 64, "sha256:d", "built", at, 50.0, executor="local", builder="b")
    return replace(record, timeline=tuple(timeline), caches=(IMPORT, EXPORT), **more)


def cached(*steps: StepRun, fetched: int = 0) -> tuple[StepRun, ...]:
    return tuple(replace(step, duration_s=0.0, cached=True, transferred_bytes=fetched) for step in steps)


def sample(record: BuildRecord, *here: BuildRecord, others: Sequence[BuildRecord] = ()) -> ExportSample:
    complete = with_savings(record, CacheExport("max"), here, others)
    assert complete.cache_export is not None
    return complete.cache_export.samples[-1]


def test_a_cached_step_is_worth_what_it_took_when_it_last_ran_less_the_import() -> None:
    other = built(1.0)  # another machine's
    now = built(2.0, [*cached(*RAN[:3]), RAN[3]])
    assert sample(now, others=[other]) == ExportSample(2.0, "a" * 12, "max", 30.0, 44.5, 4.5, 2)


def test_what_this_machine_s_own_buildkit_had_is_not_saved_by_an_import_unless_something_was_fetched() -> None:
    earlier = built(1.0)
    assert sample(built(2.0, cached(*RAN)), earlier).saved_s == 0.0
    assert sample(built(2.0, cached(*RAN, fetched=5)), earlier).saved_s == pytest.approx(45.0)
    # Another CI run, and a machine on CodeBuild, had nothing of their own.
    in_ci = [replace(built(at), origin=Origin(ci="CI", ci_run=f"{at}")) for at in (1.0, 2.0)]
    assert sample(replace(in_ci[1], timeline=cached(*RAN)), in_ci[0]).saved_s == pytest.approx(45.0)
    remote = replace(built(2.0, cached(*RAN)), executor="codebuild", machine=Machine("m"))
    assert sample(remote, replace(earlier, executor="codebuild")).saved_s == pytest.approx(45.0)


def test_a_cache_that_is_not_there_says_nothing_about_savings() -> None:
    nothing = replace(built(1.0), caches=(replace(IMPORT, failed=True), EXPORT))
    assert (sample(nothing).saved_s, sample(nothing).exported_s) == (None, 30.0)
    assert sample(replace(nothing, caches=(EXPORT,))).saved_s is None


def test_the_worth_of_a_step_goes_on_from_record_to_record() -> None:
    first = built(1.0)
    second = with_savings(built(2.0, cached(*RAN)), CacheExport("max"), (), [first])
    third = sample(built(3.0, cached(*RAN)), others=[second])
    assert third.saved_s == pytest.approx(45.0)


def test_a_record_carries_the_samples_and_is_read_as_it_was_written() -> None:
    many = tuple(ExportSample(float(at), "k", "max", 1.0) for at in range(SAMPLES_KEPT))
    complete = with_savings(built(99.0), CacheExport("min", "it took 3 s", many), ())
    assert complete.cache_export is not None
    assert len(complete.cache_export.samples) == SAMPLES_KEPT
    assert complete.cache_export.samples[-1].started == 99.0
    assert BuildRecord.from_json(complete.to_json()) == complete
    assert complete.summary().endswith("cache exported in mode=min")
    document = json.loads(complete.to_json())
    document["cache_export"]["mode"] = "guessed"
    with pytest.raises(ValueError, match="mode"):
        BuildRecord.from_json(json.dumps(document))
