"""Records as CloudWatch metrics: the embedded metric format, what is usual, and what a call takes."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import CacheTransfer, StepRun
from fast_container.report.metric_batches import EVENT_BYTES, MOST_BYTES, MOST_EVENTS, batches
from fast_container.report.metric_documents import MOST_IMAGES, MetricDocument, metric_documents
from fast_container.report.metric_history import PastBuild, has_fallen, past_builds, worsened
from fast_container.report.runs import Run

ORIGIN = Origin(
    run="a1", stack="shop/prod", ci="GitHub Actions", ci_run="https://ci/7", commit="abcdef0", branch="main"
)
STARTED = 1_795_000_000.0
SENT = STARTED + 90
API = BuildRecord(
    *("api", "host/shop", "k" * 64, "sha256:d", "built", STARTED, 40.0),
    steps=4,
    steps_cached=3,
    pushed_bytes=5_000_000,
    image_bytes=60_000_000,
    uploaded_bytes=70_000,
    executor="codebuild",
    waited_s=12.0,
    platform="linux/arm64",
    phases=PhaseSeconds(waiting=10, queued=2, uploading=1, building=30, exporting=2, pushing=4, tagging=1),
    timeline=(StepRun("", 2, 4, "RUN pip install", 1.0, 30.0),),
    origin=ORIGIN,
)
SAME = BuildRecord("web", "host/shop", "s" * 64, "", "unchanged", STARTED, 0.0, origin=ORIGIN)
FAILED = replace(API, name="worker", outcome="failed", digest="", steps=0, reason="The build of worker failed.")
REUSED = replace(SAME, name="cron", outcome="reused", digest="sha256:r")
RUN = Run("a1", (API, SAME, FAILED, REUSED))
MOST_METRICS, MOST_DIMENSIONS, LONGEST = 100, 30, 1024
UNITS = {"Seconds", "Bytes", "Percent", "Count"}


def parsed(document: MetricDocument) -> dict[str, Any]:
    """Check a document against the specification of the format; return it."""
    root = json.loads(document.text)
    metadata = root["_aws"]
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    assert type(metadata["Timestamp"]) is int
    for directive in metadata["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 1 <= len(directive["Namespace"]) <= LONGEST
        assert not directive["Namespace"].startswith("AWS/")
        assert directive["Dimensions"]
        for dimensions in directive["Dimensions"]:
            assert len(dimensions) <= MOST_DIMENSIONS
            assert len(set(dimensions)) == len(dimensions)
            for name in dimensions:
                value = root[name]
                assert isinstance(value, str)
                assert value.isascii()
                assert value.isprintable()
                assert value.strip()
                assert len(value) <= LONGEST
                assert not value.startswith(":")
        assert 1 <= len(directive["Metrics"]) <= MOST_METRICS
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"}
            assert metric["Unit"] in UNITS
            assert type(root[metric["Name"]]) in (int, float)
    return root


def metrics_of(root: Mapping[str, Any]) -> dict[str, float]:
    directives = root["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: root[metric["Name"]] for one in directives for metric in one["Metrics"]}


def of(documents: list[MetricDocument], image: str) -> dict[str, Any]:
    return next(root for one in documents if (root := parsed(one)).get("Image") == image)


def test_a_build_has_its_seconds_by_phase_its_sizes_and_its_cache_for_image_and_stack() -> None:
    root = of(metric_documents(RUN, SENT), "api")
    assert root["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stack"], ["Stack", "Image"]]
    assert root["Stack"] == "shop/prod"
    assert metrics_of(root) == {
        "Built": 1,
        "WaitSeconds": 12,
        "PrepareSeconds": 1,
        "BuildSeconds": 32,
        "PushSeconds": 4,
        "CheckSeconds": 1,
        "DurationSeconds": 40,
        "ImageBytes": 60_000_000,
        "PushedBytes": 5_000_000,
        "UploadedBytes": 70_000,
        "CacheHitRate": 75,
    }


def test_all_data_points_have_the_time_of_sending_because_alarms_do_not_look_back() -> None:
    roots = [parsed(one) for one in metric_documents(RUN, SENT)]
    assert {root["_aws"]["Timestamp"] for root in roots} == {round(SENT * 1000)}
    assert of(metric_documents(RUN, SENT), "api")["Ended"] == "2026-11-18T11:07:32+00:00"


def test_what_was_not_built_is_a_count_and_nothing_else() -> None:
    documents = metric_documents(RUN, SENT)
    assert metrics_of(of(documents, "web")) == {"Unchanged": 1}
    assert metrics_of(of(documents, "cron")) == {"Reused": 1}
    assert metrics_of(of(documents, "worker")) == {"Failed": 1}


def test_what_is_searched_for_is_a_property_and_never_a_dimension() -> None:
    documents = metric_documents(RUN, SENT)
    root = of(documents, "api")
    assert (root["Commit"], root["CiRun"], root["Digest"]) == ("abcdef0", "https://ci/7", "sha256:d")
    names = {name for one in documents for name in parsed(one)["_aws"]["CloudWatchMetrics"][0]["Dimensions"][-1]}
    assert names == {"Stack", "Image"}


def test_a_stack_without_metrics_of_images_has_the_same_counts() -> None:
    roots = [parsed(one) for one in metric_documents(RUN, SENT, detail="stack")]
    assert all(root["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stack"]] for root in roots)
    totals = {name: sum(metrics_of(root).get(name, 0) for root in roots) for name in ("Built", "Failed", "Unchanged")}
    assert totals == {"Built": 1, "Failed": 1, "Unchanged": 1}


def test_only_so_many_images_have_metrics_of_their_own() -> None:
    run = Run("a1", tuple(replace(SAME, name=f"image-{number:04}") for number in range(MOST_IMAGES + 40)))
    roots = [parsed(one) for one in metric_documents(run, SENT)]
    assert sum("Image" in root for root in roots) == MOST_IMAGES
    assert sum(metrics_of(root).get("Unchanged", 0) for root in roots) == MOST_IMAGES + 40


@pytest.mark.parametrize("name", ["sch\u00f6n", ":api", "a\nb", "   ", "x" * 2000, "\udcff\0"])
def test_a_name_that_cloudwatch_would_refuse_is_written_in_its_characters(name: str) -> None:
    for document in metric_documents(Run("a1", (replace(API, name=name),)), SENT):
        parsed(document)


def test_nothing_that_others_wrote_is_in_a_document() -> None:
    """Steps, reasons, findings and places may hold what a build arg, a secret or a variable holds."""
    secret = "hunter2"
    record = replace(
        API,
        reason=f"the build arg TOKEN is now {secret}",
        log_path=f"/home/{secret}/log",
        copied_from=f"host/{secret}",
        builder=f"builder {secret}",
        findings={f"rule {secret}": "error"},
        timeline=(StepRun(f"stage {secret}", 1, 1, f"RUN curl -H {secret}"),),
        caches=(CacheTransfer("import", f"type=registry,ref={secret}"),),
    )
    for outcome in ("built", "failed", "reused", "copied", "unchanged"):
        for document in metric_documents(Run("a1", (replace(record, outcome=outcome),)), SENT):
            assert secret not in document.text
            allowed = {"_aws", "Stack", "Image", "Outcome", "Repository", "Platform", "Executor", "Digest", "Key"}
            allowed |= {
                "Ended",
                "Steps",
                "StepsCached",
                "Ran",
                "Phases",
                "Run",
                "Ci",
                "CiRun",
                "Commit",
                "Branch",
                "Outcomes",
            }
            root = parsed(document)
            assert set(root) <= allowed | set(metrics_of(root))


def history(count: int, **changes: Any) -> list[PastBuild]:
    random_source = random.Random(7)
    builds = [replace(API, duration_s=40 + random_source.uniform(-1, 1), **changes) for _ in range(count)]
    return past_builds(one.text for build in builds for one in metric_documents(Run("r", (build,)), SENT))


def test_what_is_read_back_is_what_was_written() -> None:
    (document, _) = metric_documents(Run("a1", (API,)), SENT)
    assert past_builds([document.text]) == [PastBuild.of(API)]


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", '{"Outcome":"built","DurationSeconds":"x"}', '{"Outcome":"built","Steps":-1}', "{" * 5000],
)
def test_damaged_history_is_left_out(text: str) -> None:
    assert past_builds([text]) == []


def test_a_slow_build_counts_when_it_begins_to_be_slow_and_once() -> None:
    before, slow = history(12), replace(API, duration_s=70.0)
    found: list[list[str]] = []
    for _ in range(4):
        found.append(worsened(before, PastBuild.of(slow)))
        before.append(PastBuild.of(slow))
    assert found == [[], ["SlowerBuilds"], [], []]


def test_a_build_that_runs_other_steps_or_elsewhere_is_not_slow() -> None:
    before = history(12)
    for other in (replace(API, timeline=()), replace(API, executor="local"), replace(API, origin=Origin(ci="Jenkins"))):
        slow = PastBuild.of(replace(other, duration_s=500.0))
        assert worsened([*before, slow], slow) == []


def test_an_image_that_grew_counts_once() -> None:
    large = PastBuild.of(replace(API, image_bytes=90_000_000))
    assert worsened(history(3), large) == ["GrownImages"]
    assert worsened([*history(3), large], large) == []


def test_a_cache_is_lost_when_three_builds_in_a_row_find_little_in_it() -> None:
    before, bare = history(8), PastBuild.of(replace(API, steps_cached=0, timeline=()))
    assert worsened(before, bare) == []
    assert worsened([*before, bare], bare) == []
    assert worsened([*before, bare, bare], bare) == ["LostCaches"]
    assert worsened([*before, bare, bare, bare], bare) == []
    assert not has_fallen([1.0] * 8 + [0.0, 0.9, 0.0])


def test_what_got_worse_is_a_metric_of_the_build() -> None:
    root = of(metric_documents(Run("a", (replace(API, image_bytes=99_000_000),)), SENT, history(6)), "api")
    assert metrics_of(root)["GrownImages"] == 1


def test_each_call_is_within_the_limits_of_put_log_events() -> None:
    random_source = random.Random(3)
    documents = [
        MetricDocument(
            "builds", 1_000 * number + random_source.randrange(9_000), "\u00e9" * random_source.randrange(1, 900)
        )
        for number in range(25_000)
    ]
    documents += [MetricDocument("runs", number * 3_600_000, "{}") for number in range(60)]
    documents.append(MetricDocument("builds", 5, "x" * 300_000))
    found = batches(documents)
    assert sum(len(events) for _, events in found) == 25_060
    for _, events in found:
        times = [event["timestamp"] for event in events]
        assert len(events) <= MOST_EVENTS
        assert sum(len(event["message"].encode()) + EVENT_BYTES for event in events) <= MOST_BYTES
        assert times == sorted(times)
        assert times[-1] - times[0] < 24 * 3600 * 1000
    assert [stream for stream, _ in found] == sorted(stream for stream, _ in found)


def test_few_images_are_one_call_for_each_stream() -> None:
    assert [(stream, len(events)) for stream, events in batches(metric_documents(RUN, SENT))] == [
        ("builds", 2),
        ("runs", 3),
    ]
