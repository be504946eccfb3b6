"""Several images in one remote build: which share, what each hears of its end, and what a death costs."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from fast_container.adapters.codebuild import gathering
from fast_container.adapters.codebuild.api import CodeBuildApi, images_of
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.gathering import Sharing
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.core.ports import BuildJob, BuiltImage, SecretReference
from fast_container.core.recipe import recipe_of
from fast_container.core.remote import log_lines
from fast_container.errors import BuilderError, BuildFailed, ContextError
from tests.adapters.fake_codebuild import Clock, End, FakeCodeBuild, packed_once, refusal, until
from tests.build.fakes import FakeRegistry, ListReporter, make_job

BUILT = {"digest": "sha256:0", "steps": 5, "cached": 2, "pushed": 77, "turn_s": 1.5}
FAILED = {"type": "BuildFailed", "what": "The build failed.", "step": "[2/2] RUN false", "exit_code": 3}
Images = Sequence[tuple[str, str]]


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that knows how many calls are under way in threads."""

    in_threads = 0

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        call = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        call.add_done_callback(self._has_ended)
        return call

    def _has_ended(self, _: object) -> None:
        self.in_threads -= 1


async def all_have_come() -> None:
    """Wait until nothing goes on, or for 0.4 s where builds are looked at all the time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    until_s, quiet = loop.time() + 0.4, 0
    while quiet < 20 and loop.time() < until_s:
        await asyncio.sleep(0.001)
        quiet = 0 if loop.in_threads else quiet + 1


class GatheringClock(Clock):
    """While images are gathered for the first time, real time passes, in which they come.

    Attributes:
        gatherings: How often; those that come again do not come together.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gatherings = 1

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if seconds == gathering.GATHER_S and self.gatherings:
            self.gatherings -= 1
            await all_have_come()


class Store(S3SourceStore):
    """A store that keeps nothing but bundles."""

    def __init__(self) -> None:
        super().__init__(lambda: None, "sources")
        self.bundles: list[bytes] = []
        self.again = 0

    def put_chunks(self, chunks: Any, on_bytes: Any) -> Any:
        return super().put_chunks([], on_bytes)

    def put_program(self, content: bytes) -> tuple[str, int]:
        return "programs/1", 0

    def put_bundle(self, content: bytes) -> tuple[str, int]:
        self.bundles.append(content)
        return f"bundles/{hash(content)}", 0

    def look_again(self, damaged: Any = ()) -> None:
        self.again += 1

    def denies(self, names: Any) -> bool:
        return False


class Remote:
    """An executor with its surroundings; the machines build what ``outcomes`` do not say otherwise about."""

    def __init__(self) -> None:
        self.aws, self.clock = FakeCodeBuild(), GatheringClock()
        self.registry, self.store = FakeRegistry(), Store()
        self.aws.end_of = self.machine
        self.outcomes: dict[str, tuple[str, Any]] = {}
        self.dies_at: dict[int, int] = {}
        self.status = "FAULT"
        self.has_log = True
        self.looks = 3
        self.executor = self.another_machine()

    def another_machine(self, places: int = 3, most: int = 8, **more: Any) -> CodeBuildExecutor:
        api = CodeBuildApi(self.aws.client, "project")
        watch = BuildWatch(api, sleep=self.clock.sleep, now_s=self.clock.now_s)
        sharing = Sharing(
            places,
            most,
            fills=more.get("fills", False),
            may_begin=more.get("may_begin", lambda: None),
            goes_first=more.get("goes_first", lambda _: False),
        )
        return CodeBuildExecutor(
            api,
            self.store,
            lambda _url: self.registry,
            queue_timeout_s=600,
            watch=watch,
            sharing=sharing if more.get("shares", True) else None,
            pack=packed_once,
        )

    def machine(self, request: Mapping[str, Any]) -> End:
        """Builds the images of a request, at once; the n-th machine may die at one of them."""
        images = images_of({"environment": {"environmentVariables": request["environmentVariablesOverride"]}})
        dies_at = self.dies_at.get(len(self.aws.builds))
        lines: list[str] = []
        kinds: list[str] = []
        for number, (key, url) in enumerate(images):
            if number == dies_at:
                return End(self.status, lines if self.has_log else [], self.looks, cause="Build container found dead.")
            kind, content = self.outcomes.get(key, (log_lines.BUILT, BUILT))
            kinds.append(kind)
            if kind == log_lines.BUILT:
                self.publish(key)
            name = log_lines.image_name(key, url)
            of_one = log_lines.write_line(kind, content)
            lines += [f"plain of {key}", log_lines.write_line_of(name, kind, content) if len(images) > 1 else of_one]
        status = "SUCCEEDED" if set(kinds) == {log_lines.BUILT} else "FAILED"
        return End(status, lines if self.has_log else [], self.looks, cause="" if status == "SUCCEEDED" else "exit 1")

    def publish(self, key: str) -> None:
        self.registry.tags[f"key-{key[:40]}"] = self.registry.push(key).digest

    def build(self, jobs: Sequence[BuildJob], executor: CodeBuildExecutor | None = None) -> list[Any]:
        """The image or the error of each."""
        self.reporters = [ListReporter() for _ in jobs]
        using = executor or self.executor

        async def all_of_them() -> list[Any]:
            builds = (using.build(job, reporter) for job, reporter in zip(jobs, self.reporters, strict=True))
            return await asyncio.gather(*builds, return_exceptions=True)

        return self.run(all_of_them())

    def run(self, work: Awaitable[Any]) -> Any:
        async def within() -> Any:
            return await asyncio.wait_for(work, 30)

        with asyncio.Runner(loop_factory=CountingLoop) as runner:
            return runner.run(within())

    def groups(self) -> list[Images]:
        """The images of each build, in the order of their starts."""
        return [images_of(build) for build in self.aws.builds.values()]

    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups()]


@pytest.fixture
def remote() -> Remote:
    return Remote()


def jobs(count: int) -> list[BuildJob]:
    return [make_job(f"image-{number}", content=str(number)) for number in range(count)]


def names(remote: Remote, given: Sequence[BuildJob]) -> list[list[str]]:
    known = {job.key.hex: job.name for job in given}
    return [[known[key] for key, _ in group] for group in remote.groups()]


# --- which images share


def test_no_image_shares_a_build_while_there_is_a_place_for_each(remote: Remote) -> None:
    wanted = jobs(10)
    remote.build(wanted, remote.another_machine(places=10))
    assert remote.sizes() == [1] * 10


def test_a_hundred_images_on_three_places_are_built_once_each_in_their_order(remote: Remote) -> None:
    wanted = jobs(100)
    built = remote.build(wanted)
    assert all(isinstance(one, BuiltImage) for one in built)
    assert remote.sizes() == [8] * 12 + [4]
    # Three builds begin side by side: a start may overtake two others.
    turns = [[int(name.removeprefix("image-")) for name in group] for group in names(remote, wanted)]
    assert sorted(turn for group in turns for turn in group) == list(range(100))
    for position, group in enumerate(turns):
        assert group == list(range(group[0], group[0] + len(group)))
        assert abs(group[0] // 8 - position) < 3
    assert remote.aws.calls["StartBuild"] == 13


def test_no_more_builds_run_at_once_than_there_are_places(remote: Remote) -> None:
    running: list[int] = []
    remote.aws.on_start = lambda: running.append(
        sum(build["buildStatus"] == "IN_PROGRESS" for build in remote.aws.builds.values())
    )
    remote.looks = 1  # A machine ends when its images are seen to have.
    remote.build(jobs(60))
    assert max(running) <= 3


def test_a_number_of_images_share_a_build_although_there_are_places(remote: Remote) -> None:
    remote.build(jobs(10), remote.another_machine(places=50, most=4, fills=True))
    assert sorted(remote.sizes()) == [2, 4, 4]


def test_images_with_secrets_or_on_the_hosts_network_are_alone(remote: Remote) -> None:
    wanted = jobs(12)
    wanted[3] = replace(wanted[3], secret_references={"token": SecretReference("SECRETS_MANAGER", "shop/token")})
    wanted[5] = replace(wanted[5], recipe=recipe_of({"network": "host"}))
    remote.build(wanted, remote.another_machine(places=1))
    groups = names(remote, wanted)
    assert ["image-3"] in groups
    assert ["image-5"] in groups
    assert sum(len(group) for group in groups) == 12
    assert len(groups) == 4
    values = [json.dumps(request["environmentVariablesOverride"]) for request in remote.aws.requests]
    assert [len(group) for group, value in zip(groups, values, strict=True) if "shop/token" in value] == [1]


def test_an_image_that_others_wait_for_begins_first(remote: Remote) -> None:
    wanted = jobs(20)
    remote.build(wanted, remote.another_machine(places=1, goes_first=lambda job: job.name == "image-17"))
    assert names(remote, wanted)[0][:2] == ["image-17", "image-0"]


def test_the_time_limit_of_a_build_is_the_sum_of_its_images(remote: Remote) -> None:
    wanted = [replace(job, timeout_s=600.0 * (number + 1)) for number, job in enumerate(jobs(3))]
    remote.build(wanted, remote.another_machine(places=1))
    (request,) = remote.aws.requests
    assert request["timeoutInMinutesOverride"] == 10 + 20 + 30 + 5


def test_what_runs_in_a_shared_build_is_seen_in_its_environment_by_other_machines(remote: Remote) -> None:
    wanted = [*jobs(3), make_job("elsewhere", repository_url="r.example/other")]
    remote.build(wanted, remote.another_machine(places=1))
    (request,) = remote.aws.requests
    (variable,) = request["environmentVariablesOverride"]
    assert variable["name"] == "FAST_CONTAINER_IMAGES"
    assert list(remote.groups()[0]) == [(job.key.hex, job.repository_url) for job in wanted]


# --- places that CodeBuild does not have


def test_images_that_the_account_has_no_place_for_share_the_next_one(remote: Remote) -> None:
    remote.aws.most_running = 2
    wanted = jobs(20)
    built = remote.build(wanted, remote.another_machine(places=10_000))
    assert all(isinstance(one, BuiltImage) for one in built)
    sizes = remote.sizes()
    assert sizes[:2] == [1, 1]
    assert sum(sizes) == 20
    assert max(sizes) > 1
    # Any two images may have got the first places; those that share had none.
    shared = {key for group in remote.groups() if len(group) > 1 for key, _ in group}
    for job, reporter in zip(wanted, remote.reporters, strict=True):
        if job.key.hex in shared:
            assert any("waiting for CodeBuild: " in line for line in reporter.progressed)


def test_a_limit_that_stays_is_an_error_for_each_that_waits(remote: Remote) -> None:
    remote.aws.fail["StartBuild"] = [refusal("AccountLimitExceededException", "Cannot have more than 5 builds")] * 999
    errors = remote.build(jobs(10), remote.another_machine(places=2))
    assert {type(error) for error in errors} == {BuilderError}
    assert all("Service Quotas" in error.next_step for error in errors)
    assert 500 < remote.clock.time_s < 900


def test_a_start_that_was_only_asked_for_too_often_is_repeated_as_it_is(remote: Remote) -> None:
    remote.aws.fail["StartBuild"] = [refusal("ThrottlingException", "Rate exceeded")] * 7
    remote.build(jobs(10), remote.another_machine(places=10))
    assert remote.sizes() == [1] * 10


def test_while_codebuild_has_builds_in_its_own_queue_no_other_begins(remote: Remote) -> None:
    """They could not begin either; the images that come meanwhile share the place that comes free."""
    executor, reporter = remote.another_machine(places=10_000), ListReporter()
    remote.aws.queued.add("project:1")
    first, *others = jobs(6)
    remote.outcomes[first.key.hex] = log_lines.PROGRESS, "works"
    remote.looks = 10**6

    async def story() -> None:
        building = [asyncio.create_task(executor.build(first, reporter))]
        await until(lambda: executor.watch.has_queued)
        building += [asyncio.create_task(executor.build(job, ListReporter())) for job in others]
        await asyncio.sleep(0.2)
        before.append(len(remote.aws.builds))
        remote.aws.queued.clear()
        await asyncio.gather(*building[1:])
        remote.publish(first.key.hex)
        remote.aws.how["project:1"] = End()
        await asyncio.gather(*building)

    before: list[int] = []
    remote.run(story())
    assert before == [1]
    assert sum(remote.sizes()) == 6


# --- each image's own end


def test_an_image_that_fails_is_the_only_one_that_fails(remote: Remote) -> None:
    wanted = jobs(6)
    remote.outcomes[wanted[2].key.hex] = log_lines.FAILED, FAILED
    built = remote.build(wanted, remote.another_machine(places=1))
    assert [type(one) for one in built] == [BuildFailed if number == 2 else BuiltImage for number in range(6)]
    assert (built[2].step, built[2].exit_code) == ("[2/2] RUN false", 3)
    assert remote.sizes() == [6]
    assert (built[0].steps, built[0].steps_cached, built[0].pushed_bytes) == (5, 2, 77)


def test_an_image_is_taken_and_one_fails_while_the_machine_builds_the_others(remote: Remote) -> None:
    wanted = jobs(3)
    remote.outcomes[wanted[1].key.hex] = log_lines.FAILED, FAILED
    remote.looks = 10**6
    ended: list[str] = []

    def without_the_last(request: Mapping[str, Any]) -> End:
        end = remote.machine(request)
        last.extend(end.lines[-2:])
        del end.lines[-2:]
        return end

    async def build(executor: CodeBuildExecutor, job: BuildJob) -> None:
        with suppress(BuildFailed):
            await executor.build(job, ListReporter())
        ended.append(job.name)

    async def story() -> None:
        executor = remote.another_machine(places=1)
        tasks = [asyncio.create_task(build(executor, job)) for job in wanted]
        await until(lambda: len(ended) == 2)
        assert sorted(ended) == ["image-0", "image-1"]
        remote.aws.how["project:1"].lines.extend(last)
        await asyncio.gather(*tasks)

    last: list[str] = []
    remote.aws.end_of = without_the_last
    remote.run(story())
    assert remote.aws.builds["project:1"]["buildStatus"] == "IN_PROGRESS"


@pytest.mark.parametrize("has_log", [True, False])
@pytest.mark.parametrize("status", ["FAULT", "FAILED", "TIMED_OUT"])
@pytest.mark.parametrize("dies_at", [0, 1, 2, 3])
def test_what_a_machine_that_died_has_tagged_counts_and_the_others_are_built_again_alone(
    remote: Remote, status: str, dies_at: int, has_log: bool
) -> None:
    remote.dies_at, remote.status, remote.has_log = {0: dies_at}, status, has_log
    wanted = jobs(4)
    built = remote.build(wanted, remote.another_machine(places=1))
    assert all(isinstance(one, BuiltImage) for one in built)
    assert names(remote, wanted) == [[job.name for job in wanted], *([job.name] for job in wanted[dies_at:])]
    again = [any("building this one again, alone" in note for note in one.notes) for one in remote.reporters]
    assert again == [number >= dies_at for number in range(4)]


def test_an_image_whose_second_machine_dies_too_has_failed(remote: Remote) -> None:
    remote.dies_at = {0: 1, 1: 0}
    wanted = jobs(3)
    built = remote.build(wanted, remote.another_machine(places=1))
    assert [type(one) for one in built] == [BuiltImage, BuildFailed, BuiltImage]
    assert "FAULT" in str(built[1])
    assert remote.sizes() == [3, 1, 1]


def test_a_build_that_was_stopped_is_not_built_again(remote: Remote) -> None:
    remote.dies_at, remote.status = {0: 1}, "STOPPED"
    built = remote.build(jobs(3), remote.another_machine(places=1))
    assert [type(one) for one in built] == [BuiltImage, BuildFailed, BuildFailed]
    assert remote.sizes() == [3]
    assert "fast-container cancel" in str(built[1])


def test_a_log_that_says_built_is_not_believed(remote: Remote) -> None:
    wanted = jobs(2)
    remote.publish = lambda key: None if key == wanted[1].key.hex else Remote.publish(remote, key)  # pyright: ignore
    built = remote.build(wanted, remote.another_machine(places=1))
    assert isinstance(built[0], BuiltImage)
    assert "its image is not in the registry" in str(built[1])


def test_sources_of_one_image_that_are_gone_are_put_again_while_the_others_are_built(remote: Remote) -> None:
    wanted = jobs(4)
    remote.outcomes[wanted[1].key.hex] = log_lines.CHUNKS_UNUSABLE, {"absent": ["x"], "damaged": []}
    remote.aws.on_start = remote.outcomes.clear
    remote.looks = 40
    built = remote.build(wanted, remote.another_machine(places=2, most=4, fills=True))
    assert all(isinstance(one, BuiltImage) for one in built)
    assert names(remote, wanted) == [[job.name for job in wanted], ["image-1"]]
    assert remote.store.again == 1


def test_an_image_that_cannot_be_uploaded_fails_alone(remote: Remote) -> None:
    wanted = jobs(4)

    class Changed(dict[str, Any]):
        def items(self) -> Any:
            raise ContextError("A file changed.", path="x")

    wanted[2] = replace(wanted[2], contexts=Changed())
    built = remote.build(wanted, remote.another_machine(places=1))
    assert [type(one) for one in built] == [BuiltImage, BuiltImage, ContextError, BuiltImage]
    assert names(remote, wanted) == [["image-0", "image-1", "image-3"]]


def test_the_time_until_its_turn_is_not_the_images(remote: Remote) -> None:
    for key in [job.key.hex for job in jobs(2)]:
        remote.outcomes[key] = log_lines.BUILT, {**BUILT, "turn_s": 3}
    built = remote.build(jobs(2), remote.another_machine(places=1))
    for one in built:
        assert 3 <= one.waited_s < 6
        assert 0 < one.duration_s <= remote.clock.time_s - one.waited_s


def test_the_log_of_a_shared_build_is_read_once(remote: Remote) -> None:
    remote.looks = 12
    remote.build(jobs(8), remote.another_machine(places=1))
    assert remote.aws.calls["GetLogEvents"] < 12
    assert remote.aws.asked == [1] * len(remote.aws.asked)


# --- other machines


def test_an_image_that_another_machine_builds_is_joined_and_the_others_are_started(remote: Remote) -> None:
    wanted = jobs(5)
    remote.looks, remote.clock.gatherings = 6, 2
    remote.run(remote.another_machine().start(wanted[3], ListReporter()))
    built = remote.build(wanted, remote.another_machine(places=1))
    assert all(isinstance(one, BuiltImage) for one in built)
    assert names(remote, wanted) == [["image-3"], ["image-0", "image-1", "image-2", "image-4"]]
    assert any("joined the build" in note for note in remote.reporters[3].notes)


@pytest.mark.parametrize("shares", [True, False])
def test_images_of_a_shared_build_of_another_machine_are_joined(remote: Remote, shares: bool) -> None:
    """Also by a program that builds each image on a machine of its own."""
    wanted = jobs(6)
    remote.looks = 30

    async def story() -> list[Any]:
        there, here = remote.another_machine(places=1), remote.another_machine(places=1, shares=shares)
        others = [asyncio.create_task(there.build(job, ListReporter())) for job in wanted]
        await until(lambda: remote.aws.builds)
        mine = await asyncio.gather(*(here.build(job, ListReporter()) for job in wanted[2:4]))
        await asyncio.gather(*others)
        return mine

    assert all(isinstance(one, BuiltImage) for one in remote.run(story()))
    assert remote.sizes() == [6]


def test_two_programs_that_start_the_same_images_at_once_start_one_build(remote: Remote) -> None:
    wanted = jobs(4)
    remote.looks, remote.clock.gatherings = 10**6, 2

    async def both() -> None:
        machines = [remote.another_machine(places=1), remote.another_machine(places=1)]
        await asyncio.gather(*(machine.build(job, ListReporter()) for machine in machines for job in wanted))

    remote.run(both())
    assert remote.sizes() == [4]


def test_an_image_that_has_failed_in_a_build_that_runs_on_does_not_join_it_again(remote: Remote) -> None:
    wanted = jobs(3)
    denied = {"type": "AuthError", "what": "AWS denied ecr:BatchGetImage."}
    remote.outcomes[wanted[0].key.hex] = log_lines.FAILED, denied
    remote.aws.on_start = remote.outcomes.clear
    remote.looks = 60
    built = remote.build(wanted, remote.another_machine(places=2, most=3, fills=True))
    assert all(isinstance(one, BuiltImage) for one in built)
    assert names(remote, wanted) == [["image-0", "image-1", "image-2"], ["image-0"]]


# --- not waiting, and interruptions


def test_images_that_are_started_and_not_awaited_share_what_places_the_project_has(remote: Remote) -> None:
    remote.aws.most_running = 3
    executor, wanted = remote.another_machine(places=3), jobs(20)
    done: list[str] = []

    async def story() -> None:
        async def time_goes_on() -> None:
            while len(done) < 20:
                await executor.watch.sleep(1)
                for build_id, build in remote.aws.builds.items():
                    started_s.setdefault(build_id, remote.clock.time_s)
                    if build["buildStatus"] == "IN_PROGRESS" and remote.clock.time_s - started_s[build_id] > 20:
                        remote.aws.end(build_id)
                await asyncio.sleep(0.001)

        started_s: dict[str, float] = {}
        going = asyncio.create_task(time_goes_on())
        await asyncio.gather(*(start(job) for job in wanted))
        await going

    async def start(job: BuildJob) -> None:
        build = await executor.start(job, ListReporter())
        assert (job.key.hex, job.repository_url) in images_of(build)
        done.append(job.name)

    remote.run(story())
    assert sum(remote.sizes()) == 20
    assert len(remote.sizes()) < 8


def test_an_image_that_is_no_longer_wanted_leaves_its_turn_to_the_others(remote: Remote) -> None:
    wanted = jobs(6)

    async def story() -> None:
        executor = remote.another_machine(places=1)
        tasks = [asyncio.create_task(executor.build(job, ListReporter())) for job in wanted]
        await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[4].cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(one, BuiltImage) for one in ended] == [True, False, True, True, False, True]

    remote.run(story())
    assert names(remote, wanted) == [["image-0", "image-2", "image-3", "image-5"]]


def test_an_interruption_before_the_start_starts_nothing_and_after_it_stops_nothing(remote: Remote) -> None:
    remote.looks = 10**6
    reporters = [ListReporter() for _ in range(4)]

    async def story() -> None:
        executor = remote.another_machine(places=1)
        for begun in (False, True):
            builds = (executor.build(job, reporter) for job, reporter in zip(jobs(4), reporters, strict=True))
            tasks = [asyncio.ensure_future(build) for build in builds]
            await (until(lambda: remote.aws.calls["BatchGetBuilds"] > 1) if begun else asyncio.sleep(0))
            remote.registry.tags.clear()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in ended)
            assert len(remote.aws.builds) == begun

    remote.outcomes = {job.key.hex: (log_lines.PROGRESS, "works") for job in jobs(4)}
    remote.run(story())
    assert remote.aws.calls["StopBuild"] == 0
    assert all("goes on" in reporter.notes[-1] for reporter in reporters)


def test_once_a_run_is_interrupted_no_image_that_waits_begins(remote: Remote) -> None:
    asked: list[None] = []

    def may_begin() -> None:
        asked.append(None)
        if len(asked) > 1:
            raise BuilderError("Not begun: the run was interrupted.")

    built = remote.build(jobs(20), remote.another_machine(places=1, may_begin=may_begin))
    assert Counter(type(one) for one in built) == {BuiltImage: 8, BuilderError: 12}
    assert len({id(one) for one in built}) == 20
    assert remote.sizes() == [8]
