"""One image: what is put into the registry, in which order, and what a failure leaves there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fast_container.build.pipeline import publish
from fast_container.core.decision import FIRST_BUILD, GONE, RecordedImage
from fast_container.core.ports import BuildJob, Manifest
from fast_container.core.records.record import BuildRecord
from fast_container.errors import BuildFailed, RegistryError, VerifyError
from tests.build.fakes import URL, FakeExecutor, FakeRegistry, ListReporter, StepClock, make_job


def run(job: BuildJob, registry: FakeRegistry, executor: FakeExecutor, **more: Any) -> tuple[BuildRecord, ListReporter]:
    reporter = ListReporter()
    return asyncio.run(publish(job, registry, executor, reporter, StepClock(), **more)), reporter


def test_an_absent_image_is_built_verified_and_tagged() -> None:
    registry, job = FakeRegistry(), make_job()
    executor = FakeExecutor(registry)
    record, reporter = run(job, registry, executor)
    assert registry.tags == {job.key.tag: record.digest}
    assert (record.outcome, record.reason, record.executor) == ("built", FIRST_BUILD, "local")
    begin, end = reporter.notes
    assert begin == "building: first build"
    assert end.startswith("built in ")
    assert end.endswith(" s: 3 of 7 steps cached, 0.1 MB pushed")


def test_the_tag_is_put_last() -> None:
    registry = FakeRegistry()
    run(make_job(), registry, FakeExecutor(registry))
    assert [name for name, _ in registry.calls] == ["find", "manifest", "blob", "tag"]


def test_an_image_that_is_there_is_reused_without_a_build() -> None:
    registry, job = FakeRegistry(), make_job()
    registry.tags[job.key.tag] = registry.push().digest
    executor = FakeExecutor(registry)
    record, reporter = run(job, registry, executor)
    assert executor.builds == []
    assert (record.outcome, record.executor, record.pushed_bytes) == ("reused", "", 0)
    assert reporter.notes == ["reused from the registry"]


def test_a_reused_image_is_checked_for_where_it_runs() -> None:
    registry, job = FakeRegistry(), make_job(runs_on="lambda")
    registry.tags[job.key.tag] = registry.push_index((registry.push(), "linux/arm64")).digest
    with pytest.raises(VerifyError, match="Lambda"):
        run(job, registry, FakeExecutor(registry))


def test_a_recorded_image_that_is_gone_is_built_again() -> None:
    registry, job = FakeRegistry(), make_job()
    record, _ = run(job, registry, FakeExecutor(registry), recorded=RecordedImage(job.key.hex, "sha256:gone"))
    assert (record.outcome, record.reason) == ("built", GONE)


@pytest.mark.parametrize("point", ["find", "manifest", "blob", "tag"])
def test_a_registry_that_fails_at_any_point_leaves_no_tag(point: str) -> None:
    registry = FakeRegistry()
    registry.fail[point] = RegistryError("no")
    with pytest.raises(RegistryError):
        run(make_job(), registry, FakeExecutor(registry))
    assert registry.tags == {}


def test_a_registry_that_cannot_answer_starts_no_build() -> None:
    registry = FakeRegistry()
    registry.fail["find"] = RegistryError("no")
    executor = FakeExecutor(registry)
    with pytest.raises(RegistryError):
        run(make_job(), registry, executor)
    assert executor.builds == []


def test_a_failed_build_leaves_no_tag() -> None:
    registry = FakeRegistry()
    with pytest.raises(BuildFailed):
        run(make_job(), registry, FakeExecutor(registry, error=BuildFailed("no")))
    assert registry.tags == {}


def test_an_unfit_image_gets_no_tag() -> None:
    registry = FakeRegistry()
    executor = FakeExecutor(registry, push=lambda job: registry.push(platform="linux/amd64"))
    with pytest.raises(VerifyError, match="linux/amd64, not for linux/arm64"):
        run(make_job(), registry, executor)
    assert registry.tags == {}


def test_an_image_that_was_not_pushed_gets_no_tag() -> None:
    registry = FakeRegistry()
    executor = FakeExecutor(registry, push=lambda job: Manifest("sha256:elsewhere", "", b""))
    with pytest.raises(RegistryError, match="just pushed is not in the registry"):
        run(make_job(), registry, executor)
    assert registry.tags == {}


def test_a_cancelled_build_leaves_no_tag() -> None:
    registry = FakeRegistry()

    async def scenario() -> FakeExecutor:
        executor = FakeExecutor(registry, gate=asyncio.Event())
        task = asyncio.create_task(publish(make_job(), registry, executor, ListReporter(), StepClock()))
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return executor

    assert asyncio.run(scenario()).stopped == 1
    assert registry.tags == {}


def test_a_tag_put_meanwhile_by_another_machine_is_used() -> None:
    registry, job = FakeRegistry(), make_job()
    other = registry.push("built elsewhere")
    registry.before_tag = lambda: registry.tags.update({job.key.tag: other.digest})
    record, reporter = run(job, registry, FakeExecutor(registry))
    assert record.digest == other.digest
    assert any("was first" in note for note in reporter.notes)


def test_an_unfit_image_tagged_meanwhile_is_refused() -> None:
    registry, job = FakeRegistry(), make_job()
    other = registry.push("built elsewhere", platform="linux/amd64")
    registry.before_tag = lambda: registry.tags.update({job.key.tag: other.digest})
    with pytest.raises(VerifyError):
        run(job, registry, FakeExecutor(registry))


def test_layers_of_the_previous_image_do_not_count_as_pushed() -> None:
    registry = FakeRegistry()
    before = registry.push("same layer", layer_bytes=50_000_000)
    executor = FakeExecutor(registry, push=lambda job: before)
    record, _ = run(make_job(), registry, executor, recorded=RecordedImage("another key", before.digest))
    assert record.previous == before.digest
    assert record.pushed_bytes < 1000
    record, _ = run(make_job(content="2"), registry, executor)
    assert record.pushed_bytes > 50_000_000
    assert record.summary().endswith("50 MB pushed")


def test_the_record_names_the_repository_and_survives_json() -> None:
    registry = FakeRegistry()
    record, _ = run(make_job(), registry, FakeExecutor(registry))
    assert record.repository_url == URL
    assert BuildRecord.from_json(record.to_json()) == record
