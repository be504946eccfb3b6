"""Many images at once: who shares a build, how many run, and what cancelling stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from fast_container.build.scheduler import LimitedExecutor, Scheduler, default_parallel
from fast_container.core.ports import BuildJob, BuiltImage, Reporter
from fast_container.errors import BuilderError, BuildFailed, VerifyError
from tests.build.fakes import FakeExecutor, FakeRegistry, ListReporter, StepClock, make_job


def test_the_time_of_a_build_is_without_its_waiting() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor = LimitedExecutor(FakeExecutor(registry, gate=(gate := asyncio.Event())), 1)
        first, second = (asyncio.create_task(executor.build(make_job(content=n), ListReporter())) for n in "12")
        await asyncio.sleep(0.4)
        gate.set()
        assert (await first).waited_s < 0.3
        assert (await second).waited_s >= 0.3

    asyncio.run(scenario())


async def until(condition: object) -> None:
    assert callable(condition)
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("never came true")


def test_the_same_image_asked_for_twice_is_built_once() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor, scheduler = FakeExecutor(registry, lines=["[1/2] RUN x"]), Scheduler(StepClock())
        reporters = [ListReporter(), ListReporter()]
        records = await asyncio.gather(
            *(scheduler.publish(make_job(), registry, executor, reporter) for reporter in reporters)
        )
        assert records[0] == records[1]
        assert executor.builds == ["api"]
        assert [r.progressed for r in reporters] == [["[1/2] RUN x"]] * 2
        assert reporters[0].notes == reporters[1].notes

    asyncio.run(scenario())


def test_the_same_failure_reaches_everyone_who_waits() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor, scheduler = FakeExecutor(registry, error=BuildFailed("no")), Scheduler(StepClock())
        results = await asyncio.gather(
            *(scheduler.publish(make_job(), registry, executor, ListReporter()) for _ in range(3)),
            return_exceptions=True,
        )
        assert {str(result) for result in results} == {"no"}
        assert len(executor.builds) == 1

    asyncio.run(scenario())


def test_a_failed_image_can_be_asked_for_again() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor, scheduler = FakeExecutor(registry, error=BuildFailed("no")), Scheduler(StepClock())
        with pytest.raises(BuildFailed):
            await scheduler.publish(make_job(), registry, executor, ListReporter())
        executor.error = None
        record = await scheduler.publish(make_job(), registry, executor, ListReporter())
        assert record.outcome == "built"

    asyncio.run(scenario())


def test_another_place_to_run_on_is_checked_by_its_own_rules_without_a_second_build() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor = FakeExecutor(registry, push=lambda job: registry.push(layer_type="application/zstd"))
        scheduler = Scheduler(StepClock())
        results = await asyncio.gather(
            scheduler.publish(make_job(runs_on="ecs"), registry, executor, ListReporter()),
            scheduler.publish(make_job(runs_on="lambda"), registry, executor, ListReporter()),
            return_exceptions=True,
        )
        assert not isinstance(results[0], BaseException)
        assert isinstance(results[1], VerifyError)
        assert len(executor.builds) == 1

    asyncio.run(scenario())


def test_no_more_builds_run_at_once_than_allowed() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        inner, scheduler = FakeExecutor(registry, gate=asyncio.Event()), Scheduler(StepClock())
        executor, reporter = LimitedExecutor(inner, 3), ListReporter()
        jobs = [make_job(f"image-{n}", content=str(n)) for n in range(10)]
        tasks = [asyncio.create_task(scheduler.publish(job, registry, executor, reporter)) for job in jobs]
        await until(lambda: inner.running == 3)
        assert inner.gate is not None
        inner.gate.set()
        await asyncio.gather(*tasks)
        assert inner.most_running == 3
        assert len(inner.builds) == 10
        assert "waiting (3 of 3 places busy)" in reporter.progressed

    asyncio.run(scenario())


def test_an_image_that_others_wait_for_gets_the_next_free_place() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        inner, scheduler = FakeExecutor(registry), Scheduler(StepClock())
        base = make_job("base", content="base")
        limited = LimitedExecutor(inner, 1, lambda: None, lambda job: job.key == base.key)
        jobs = [*(make_job(f"image-{n}", content=str(n)) for n in range(3)), base]
        await asyncio.gather(*(scheduler.publish(job, registry, limited, ListReporter()) for job in jobs))
        assert inner.builds == ["image-0", "base", "image-1", "image-2"]

    asyncio.run(scenario())


@dataclass
class Ending:
    """An executor that does something in the moment in which a build ends, before its place is free again."""

    inner: FakeExecutor
    at_end: Callable[[], object] = lambda: None

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        built = await self.inner.build(job, reporter)
        self.at_end()
        return built


@pytest.mark.parametrize("order", ["cancelled, then given", "given, then cancelled"])
def test_a_build_that_is_cancelled_while_it_waits_leaves_its_place_to_the_next(order: str) -> None:
    """Both within one step of the loop: the second has no time in between."""

    async def scenario() -> None:
        inner = FakeExecutor(FakeRegistry(), gate=asyncio.Event())
        ending = Ending(inner)
        limited = LimitedExecutor(ending, 1)
        jobs = [make_job(f"image-{n}", content=str(n)) for n in range(4)]

        async def build_first() -> None:
            await limited.build(jobs[0], ListReporter())
            if order == "given, then cancelled":
                second.cancel()

        first = asyncio.create_task(build_first())
        second, third = (asyncio.create_task(limited.build(job, ListReporter())) for job in jobs[1:3])
        if order == "cancelled, then given":
            ending.at_end = second.cancel
        await until(lambda: inner.running == 1)
        assert inner.gate is not None
        inner.gate.set()
        results = await asyncio.gather(first, second, third, return_exceptions=True)
        assert [isinstance(result, BaseException) for result in results] == [False, True, False]
        assert inner.builds == ["image-0", "image-2"]
        reporter = ListReporter()
        await limited.build(jobs[3], reporter)
        assert reporter.progressed == []  # no place was lost: this one has not waited

    asyncio.run(scenario())


def test_one_who_stops_waiting_does_not_stop_the_build_of_another() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor, scheduler = FakeExecutor(registry, gate=asyncio.Event()), Scheduler(StepClock())
        first, second = (
            asyncio.create_task(scheduler.publish(make_job(), registry, executor, ListReporter())) for _ in range(2)
        )
        await until(lambda: executor.running == 1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert executor.gate is not None
        executor.gate.set()
        assert (await second).outcome == "built"
        assert executor.stopped == 0

    asyncio.run(scenario())


def test_cancelling_the_last_who_waits_stops_the_build_before_returning() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor, scheduler = FakeExecutor(registry, gate=asyncio.Event()), Scheduler(StepClock())
        task = asyncio.create_task(scheduler.publish(make_job(), registry, executor, ListReporter()))
        await until(lambda: executor.running == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (executor.running, executor.stopped, registry.tags) == (0, 1, {})

    asyncio.run(scenario())


def test_a_layer_shared_by_two_images_of_a_program_counts_once_as_pushed() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        executor = FakeExecutor(registry, push=lambda job: registry.push("shared", layer_bytes=10_000_000))
        scheduler = Scheduler(StepClock())
        first = await scheduler.publish(make_job("a", content="a"), registry, executor, ListReporter())
        second = await scheduler.publish(make_job("b", content="b"), registry, executor, ListReporter())
        assert first.pushed_bytes > 10_000_000
        assert second.pushed_bytes < 1000

    asyncio.run(scenario())


def test_after_a_failure_the_others_are_built() -> None:
    class OneFails:
        def __init__(self) -> None:
            self.built: list[str] = []

        async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
            await asyncio.sleep(0.01)
            if job.name == "bad":
                raise BuildFailed("bad")
            self.built.append(job.name)
            return BuiltImage("sha256:0")

    async def all_of_them() -> list[str]:
        inner = OneFails()
        limited = LimitedExecutor(inner, 1)
        jobs = [replace(make_job(), name=name) for name in ("bad", "a", "b", "c")]
        await asyncio.gather(*(limited.build(one, ListReporter()) for one in jobs), return_exceptions=True)
        return inner.built

    assert asyncio.run(all_of_them()) == ["a", "b", "c"]


def test_once_a_run_is_interrupted_builds_that_run_end_and_none_begins() -> None:
    interrupted = False

    class Interrupts:
        async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
            nonlocal interrupted
            interrupted = True
            await asyncio.sleep(0.01)
            return BuiltImage("sha256:0")

    def may_begin() -> None:
        if interrupted:
            raise BuilderError("Not begun: the run was interrupted.")

    async def both() -> list[object]:
        limited = LimitedExecutor(Interrupts(), 1, may_begin)
        return await asyncio.gather(
            *(limited.build(make_job(), ListReporter()) for _ in range(2)), return_exceptions=True
        )

    first, second = asyncio.run(both())
    assert isinstance(first, BuiltImage)
    assert isinstance(second, BuilderError)


@pytest.mark.parametrize(("cores", "builds"), [(None, 4), (1, 4), (2, 4), (4, 8), (8, 16), (64, 16)])
def test_by_default_two_images_a_core_are_built_at_once_but_four_at_least(cores: int | None, builds: int) -> None:
    assert default_parallel(cores) == builds
