"""Starting, joining, limits, ends and errors of remote builds, against a CodeBuild that does as it is told."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.codebuild.api import CodeBuildApi, machine_of, ready_s
from fast_container.adapters.codebuild.executor import CodeBuildExecutor
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.core.image_checks import CheckSettings
from fast_container.core.ports import BuildJob, BuiltImage, SecretReference
from fast_container.core.records.machine import Machine
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun
from fast_container.core.remote import log_lines as build_lines
from fast_container.core.remote.log_lines import write_line
from fast_container.errors import ArgsError, AuthError, BuilderError, BuildFailed, VerifyError
from tests.adapters.fake_codebuild import Clock, End, FakeCodeBuild, packed_once, refusal, until
from tests.build.fakes import FakeRegistry, ListReporter, make_job
from tests.core.staging.test_stage import source
from tests.trees import write_tree

BUILT = write_line(build_lines.BUILT, {"digest": "sha256:0", "steps": 5, "cached": 2, "pushed": 77})


class Remote:
    """An executor with its surroundings: S3 is moto's, CodeBuild is a fake, time passes only in sleeps."""

    def __init__(self, s3: Any) -> None:
        self.aws = FakeCodeBuild()
        self.clock = Clock()
        self.registry = FakeRegistry()
        self.reporter = ListReporter()
        self.s3 = s3
        for key in self.objects():
            s3.delete_object(Bucket="sources", Key=key)
        self.store = S3SourceStore(lambda: self.s3, "sources")
        self.executor = self.another_machine()

    def another_machine(self, project: str = "project") -> CodeBuildExecutor:
        api = CodeBuildApi(self.aws.client, project)
        watch = BuildWatch(api, sleep=self.clock.sleep, now_s=self.clock.now_s)
        return CodeBuildExecutor(
            api, self.store, lambda _url: self.registry, queue_timeout_s=600, watch=watch, pack=packed_once
        )

    def publish(self, job: BuildJob) -> None:
        self.registry.tags[job.key.tag] = self.registry.push(job.key.hex).digest

    def build(self, job: BuildJob) -> BuiltImage:
        return self.run(self.executor.build(job, self.reporter))

    def run(self, work: Awaitable[Any]) -> Any:
        async def within() -> Any:
            return await asyncio.wait_for(work, 20)

        return asyncio.run(within())

    def objects(self) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket="sources").get("Contents", [])]


@pytest.fixture
def remote(sources_bucket: Any) -> Remote:
    return Remote(sources_bucket)


@pytest.fixture
def job(tmp_path: Path) -> BuildJob:
    tree = {"Dockerfile": "FROM scratch\nCOPY . .\n", "packages/pricing/rates.py": "1", "orders/handler.py": "2"}
    return make_job(contexts={"context": source(write_tree(tmp_path / "context", tree))})


# --- running


def test_a_build_that_ended_well_is_the_image_that_the_registry_holds(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End(lines=["plain", BUILT])]
    remote.publish(job)
    built = remote.build(job)
    assert built.digest == remote.registry.tags[job.key.tag]
    assert (built.steps, built.steps_cached, built.pushed_bytes) == (5, 2, 77)
    assert [built.machine.build] == list(remote.aws.builds)


def test_the_machines_record_gives_the_steps_and_their_times_and_a_forged_one_nothing(
    remote: Remote, job: BuildJob
) -> None:
    step = StepRun("", 2, 3, "RUN pip install", 0.5, 30.0)
    record = BuildRecord("x", "h/n", "k", "sha256:d", "built", 1.0, 40.0, timeline=(step,))
    for told, timeline in ((record.to_json(), (step,)), ('{"schema": 2, "timeline": 5}', ())):
        end = build_lines.BUILT, {"digest": "sha256:0", "steps": 3, "cached": 0, "pushed": 7, "record": told}
        remote.aws.ends = [End(lines=[write_line(*end)])]
        remote.publish(job)
        assert remote.build(job).timeline == timeline


def test_the_machine_that_built_is_known_with_its_size_and_when_it_left_the_queue() -> None:
    began, left = datetime.fromtimestamp(1000, UTC), datetime.fromtimestamp(1060, UTC)
    build = {
        "id": "builds:1",
        "startTime": began,
        "environment": {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"},
        "phases": [{"phaseType": "SUBMITTED", "endTime": began}, {"phaseType": "QUEUED", "endTime": left}],
    }
    assert machine_of(build) == Machine("builds:1", "ARM_CONTAINER", "BUILD_GENERAL1_LARGE", 1060.0)
    assert machine_of({**build, "phases": []}).started == 1000.0
    assert machine_of({}) == Machine()


def test_what_a_machine_needs_before_the_builds_own_command_is_a_phase() -> None:
    ends = [datetime.fromtimestamp(second, UTC) for second in (1000, 1060, 1075, 1080, 1081, 1200)]
    names = ("QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "BUILD")
    phases = [
        {"phaseType": name, "startTime": begun, "endTime": ended}
        for name, begun, ended in zip(names, ends, ends[1:], strict=False)
    ]
    assert ready_s({"phases": [*phases, {"phaseType": "POST_BUILD", "startTime": ends[-1]}]}) == 21.0
    assert ready_s({"phases": [{"phaseType": "PROVISIONING", "startTime": ends[0]}]}) == 0.0
    assert ready_s({}) == 0.0


def test_an_upload_is_a_phase_of_its_own_with_its_bytes(remote: Remote, job: BuildJob) -> None:
    class SlowUpload(ListReporter):
        def progress(self, line: str) -> None:
            if line.startswith("uploading sources") and not self.progressed:
                remote.clock.time_s += 7.0
            super().progress(line)

    remote.publish(job)
    built = remote.run(remote.executor.build(job, SlowUpload()))
    assert built.phases.uploading == 7.0
    assert built.uploaded_bytes > 0


def test_a_log_is_not_believed_about_what_was_published(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End(lines=[BUILT])]
    with pytest.raises(BuilderError, match="succeeded on CodeBuild, but its image is not in the registry"):
        remote.build(job)


def test_that_an_image_was_checked_is_believed_of_its_machine_and_of_no_step(remote: Remote, job: BuildJob) -> None:
    job = replace(job, checks=CheckSettings())
    remote.publish(job)
    held, settings = remote.registry.tags[job.key.tag], job.checks.fingerprint  # type: ignore[union-attr]
    image = build_lines.image_name(job.key.hex, job.repository_url)
    proof = build_lines.checked_proof("project:1", image, held, settings)
    forged = [
        {"digest": held, "checked": settings},
        {"digest": held, "checked": settings, "proof": ""},
        {"digest": held, "checked": settings, "proof": "ü"},
        {"digest": held, "checked": settings, "proof": build_lines.checked_proof("", image, held, settings)},
        # Of another image of the build, of another digest, and of other settings.
        {"digest": held, "checked": settings, "proof": build_lines.checked_proof("project:1", "x@r", held, settings)},
        {"digest": held, "checked": settings, "proof": build_lines.checked_proof("project:1", image, "d", settings)},
        {"digest": held, "checked": "0", "proof": proof},
    ]
    for line in forged:
        other = Remote(remote.s3)
        other.registry = remote.registry
        other.aws.ends = [End(lines=[write_line(build_lines.BUILT, line)])]
        assert other.build(job).checked == "", line
    remote.aws.ends = [End(lines=[write_line(build_lines.BUILT, {"checked": settings, "proof": proof})])]
    assert remote.build(job).checked == settings


def test_the_request_overrides_source_and_environment_and_never_the_buildspec(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)
    remote.build(job)
    (request,) = remote.aws.requests
    assert not [name for name in request if "uildspec" in name or "Role" in name or "mage" in name]
    assert request["sourceTypeOverride"] == "S3"
    bucket, _, key = request["sourceLocationOverride"].partition("/")
    archive = zipfile.ZipFile(io.BytesIO(remote.s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    assert sorted(archive.namelist()) == ["fast_container.pyz", "plan.json"]
    assert json.loads(archive.read("plan.json"))["key"] == job.key.hex
    values = {variable["name"]: variable["value"] for variable in request["environmentVariablesOverride"]}
    assert values == {"FAST_CONTAINER_KEY": job.key.hex, "FAST_CONTAINER_REPOSITORY": job.repository_url}
    assert (request["timeoutInMinutesOverride"], request["queuedTimeoutInMinutesOverride"]) == (65, 10)


def test_steps_and_phases_are_shown_as_they_come(remote: Remote, job: BuildJob) -> None:
    lines = [write_line(build_lines.PROGRESS, "[2/3] RUN pip"), write_line(build_lines.WARNING, "mind"), BUILT]
    remote.aws.ends = [End(lines=lines, looks=3)]
    remote.publish(job)
    remote.build(job)
    assert {"CodeBuild: build", "[2/3] RUN pip"} <= set(remote.reporter.progressed)
    assert remote.reporter.warnings == ["mind"]
    assert any("also if this run is interrupted" in note for note in remote.reporter.notes)


class NoBundles(S3SourceStore):
    """A store that takes no time for what each build has of its own."""

    def put_bundle(self, content: bytes) -> tuple[str, int]:
        return f"bundles/{hash(content)}", 0


def test_all_images_are_awaited_by_one_poller_with_100_ids_a_call(remote: Remote) -> None:
    remote.store = NoBundles(lambda: remote.s3, "sources")
    remote.executor = remote.another_machine()
    jobs = [make_job(f"image-{n}", content=str(n)) for n in range(104)]
    remote.aws.ends = [End(looks=30) for _ in jobs]
    for one in jobs:
        remote.publish(one)

    async def all_of_them() -> None:
        await asyncio.gather(*(remote.executor.build(one, remote.reporter) for one in jobs))

    remote.run(all_of_them())
    assert remote.aws.calls["StartBuild"] == 104
    assert max(remote.aws.asked) == 100


def test_the_poller_backs_off_as_the_build_gets_longer(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End(looks=80)]
    remote.publish(job)
    remote.build(job)
    polls = [pause for pause in remote.clock.pauses if pause >= 1]
    assert polls == sorted(polls)
    assert polls[:19] == [2.0] * 19
    assert polls[-1] == 10


def test_an_image_is_taken_as_soon_as_its_build_says_that_it_is_there(remote: Remote, job: BuildJob) -> None:
    """The machine may need some time more to end; the registry holds the image, verified and tagged."""
    remote.aws.ends = [End(lines=[BUILT], looks=50)]
    remote.publish(job)
    built = remote.build(job)
    assert built.digest == remote.registry.tags[job.key.tag]
    assert remote.clock.time_s < 7
    assert remote.aws.calls["BatchGetBuilds"] <= 4


def test_a_step_that_prints_the_line_of_an_end_ends_nothing(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End(lines=[BUILT, "more"], looks=9)]
    builds = remote.aws.builds

    def end_well() -> None:
        if any(build["buildStatus"] == "SUCCEEDED" for build in builds.values()):
            remote.publish(job)

    remote.aws.on_logs = end_well
    assert remote.build(job).digest == remote.registry.tags[job.key.tag]
    assert remote.aws.calls["BatchGetBuilds"] >= 9


def test_the_time_in_codebuilds_queue_is_not_the_builds(remote: Remote, job: BuildJob) -> None:
    """60 looks take 280 s on the fake clock; 3 s before them the account had no place."""
    remote.aws.ends = [End(looks=60, queued_s=100.0, ran_s=50.0)]
    remote.aws.fail["StartBuild"] = [refusal("AccountLimitExceededException")]
    remote.publish(job)
    built = remote.build(job)
    assert built.waited_s == pytest.approx(103.0)
    assert built.duration_s == pytest.approx(remote.clock.time_s - 103.0)


def test_of_a_build_that_is_joined_late_only_the_queue_that_was_seen_counts(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End(looks=5, queued_s=900.0, ran_s=2.0)]
    remote.publish(job)
    built = remote.build(job)
    assert 0 < built.waited_s == pytest.approx(remote.clock.time_s - 2.0, abs=2.0)
    assert built.duration_s == pytest.approx(2.0, abs=2.0)


# --- joining, and tokens


def test_a_build_under_way_is_joined_and_nothing_is_uploaded(remote: Remote, job: BuildJob) -> None:
    there = remote.another_machine()

    async def both() -> list[BuiltImage]:
        await there.start(job, ListReporter())
        before = remote.objects()
        remote.publish(job)
        found = await remote.executor.build(job, remote.reporter)
        assert remote.objects() == before
        return [found]

    remote.run(both())
    assert remote.aws.calls["StartBuild"] == 1
    assert remote.reporter.notes[0].startswith("joined the build that is under way: https://console/")


def test_a_build_under_way_is_found_behind_more_than_a_page_of_younger_ones(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)
    remote.run(remote.another_machine().start(job, ListReporter()))
    for number in range(150):
        remote.aws.add({}, End(looks=99 if number < 120 else 1))
    remote.build(job)
    assert remote.aws.calls["StartBuild"] == 1


def test_builds_of_another_key_or_repository_are_not_joined(remote: Remote, job: BuildJob) -> None:
    remote.run(remote.another_machine().start(make_job(content="other"), ListReporter()))
    remote.run(remote.another_machine().start(make_job(repository_url="registry.example/other"), ListReporter()))
    remote.publish(job)
    remote.build(job)
    assert remote.aws.calls["StartBuild"] == 3


def test_two_starts_at_the_same_time_are_one_build_by_their_token(remote: Remote, job: BuildJob) -> None:
    async def both() -> None:
        machines = [remote.another_machine(), remote.another_machine()]
        await asyncio.gather(*(machine.start(job, remote.reporter) for machine in machines))

    remote.run(both())
    assert len(remote.aws.builds) == 1


def test_a_failed_build_is_not_handed_back_by_its_token(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End("FAILED"), End()]
    with pytest.raises(BuildFailed):
        remote.build(job)
    remote.publish(job)
    remote.build(job)
    assert len(remote.aws.builds) == 2


def test_a_build_that_failed_since_builds_were_listed_is_not_handed_back(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)

    async def story() -> None:
        # This machine lists, another one's build starts and fails, then this machine starts with the same token.
        await remote.executor.watch.latest(job.key.hex, job.repository_url)
        other = await remote.another_machine().start(job, ListReporter())
        remote.aws.how[other["id"]].status = "FAILED"
        remote.aws.end(other["id"])
        await remote.executor.build(job, remote.reporter)

    remote.run(story())
    assert [build["buildStatus"] for build in remote.aws.builds.values()] == ["FAILED", "SUCCEEDED"]


def test_the_same_start_retried_is_the_same_build(remote: Remote, job: BuildJob) -> None:
    first = remote.run(remote.another_machine().start(job, remote.reporter))
    remote.aws.hidden.add(first["id"])  # not listed yet
    assert remote.run(remote.another_machine().start(job, remote.reporter))["id"] == first["id"]


# --- limits and throttling


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccountLimitExceededException", "Cannot have more than 5 builds in queue for the account"),
        refusal("AccountLimitExceededException", "Cannot have more than 2 active builds for the project"),
        refusal("ThrottlingException", "Rate exceeded"),
        refusal("InvalidInputException", "The concurrent build limit of the project is reached"),
    ],
)
def test_limits_are_waited_out_with_a_clear_status(remote: Remote, job: BuildJob, error: Exception) -> None:
    remote.publish(job)
    remote.aws.fail["StartBuild"] = [error] * 3
    remote.build(job)
    assert remote.aws.calls["StartBuild"] == 4
    assert sum(line.startswith("waiting for CodeBuild: ") for line in remote.reporter.progressed) == 3


def test_a_limit_that_stays_ends_with_what_to_ask_for(remote: Remote, job: BuildJob) -> None:
    remote.aws.fail["StartBuild"] = [refusal("AccountLimitExceededException", "Cannot have more than 5 builds")] * 99
    with pytest.raises(BuilderError, match="did not start the build within") as caught:
        remote.build(job)
    assert "Service Quotas" in caught.value.next_step
    assert 500 < remote.clock.time_s < 700


def test_while_a_limit_is_waited_out_another_machines_build_is_joined(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)
    variables = [
        {"name": "FAST_CONTAINER_KEY", "value": job.key.hex},
        {"name": "FAST_CONTAINER_REPOSITORY", "value": job.repository_url},
    ]

    def begin_elsewhere() -> Exception:
        remote.aws.add({"environmentVariablesOverride": variables}, End())
        return refusal("AccountLimitExceededException")

    limit = refusal("AccountLimitExceededException")
    remote.aws.fail["StartBuild"] = [limit, begin_elsewhere, *[limit] * 5]
    remote.build(job)
    assert len(remote.aws.builds) == 1
    assert remote.aws.fail["StartBuild"]


def test_a_throttled_look_is_repeated(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)
    remote.aws.fail["BatchGetBuilds"] = [refusal("ThrottlingException")] * 4
    remote.aws.fail["ListBuildsForProject"] = [refusal("ThrottlingException")] * 2
    remote.build(job)


# --- ends


def test_a_failed_step_is_the_same_error_as_that_of_a_local_build(remote: Remote, job: BuildJob) -> None:
    said = {
        "type": "BuildFailed",
        "what": "The build of api failed (Dockerfile).",
        "step": "[2/2] RUN false",
        "exit_code": 3,
        "last_lines": [f"line {n}" for n in range(40)],
    }
    remote.aws.ends = [End("FAILED", [write_line(build_lines.FAILED, said)], cause="exit status 1")]
    with pytest.raises(BuildFailed) as caught:
        remote.build(job)
    error = caught.value
    assert (error.step, error.exit_code, len(error.last_lines)) == ("[2/2] RUN false", 3, 40)
    assert "https://console/project:1" in str(error)


def test_an_image_that_is_not_fit_is_a_verify_error_here_too(remote: Remote, job: BuildJob) -> None:
    said = {"type": "VerifyError", "what": "Lambda needs one manifest.", "why": "index", "next": "x", "where": "r@d"}
    remote.aws.ends = [End("FAILED", [write_line(build_lines.FAILED, said)])]
    with pytest.raises(VerifyError, match="Lambda needs one manifest"):
        remote.build(job)


@pytest.mark.parametrize(
    ("status", "said"), [("STOPPED", "cancel"), ("TIMED_OUT", "timeout_s="), ("FAULT", "trouble of its own")]
)
def test_a_build_that_was_ended_says_how_and_what_it_did_last(
    remote: Remote, job: BuildJob, status: str, said: str
) -> None:
    lines = [*(f"line {n}" for n in range(60)), write_line(build_lines.PROGRESS, "[2/2] RUN sleep")]
    remote.aws.ends = [End(status, lines, cause="Build container found dead.")]
    with pytest.raises(BuildFailed, match=f"ended as {status}") as caught:
        remote.build(job)
    assert caught.value.step == "[2/2] RUN sleep"
    assert caught.value.why == "build: Build container found dead."
    assert caught.value.last_lines == tuple(f"line {n}" for n in range(20, 60))
    assert said in caught.value.next_step


# --- sources that have gone


def lacking(**chunks: list[str]) -> End:
    line = write_line(build_lines.CHUNKS_UNUSABLE, {"absent": [], "damaged": [], **chunks})
    return End("FAILED", [line], cause="Error while executing command. Reason: exit status 3")


def test_a_part_that_expired_in_the_queue_is_put_again_and_the_build_started_anew(
    remote: Remote, job: BuildJob
) -> None:
    remote.publish(job)

    before = set[str]()

    def expire() -> None:
        if not before:
            before.update(remote.objects())
            for key in before:
                remote.s3.delete_object(Bucket="sources", Key=key)

    remote.aws.on_start = expire
    remote.aws.ends = [lacking(absent=["x"]), End()]
    remote.build(job)
    assert len(remote.aws.builds) == 2
    assert set(remote.objects()) == before
    assert sum(key.startswith("parts/") for key in before) == 4
    assert any("putting it again" in note for note in remote.reporter.notes)


def test_a_damaged_part_is_put_over(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)
    remote.run(remote.executor.start(job, remote.reporter))
    remote.aws.stop_build(id="project:1")
    remote.executor.watch.forget_recent()
    key = next(key for key in remote.objects() if key.startswith("parts/"))
    good = remote.s3.get_object(Bucket="sources", Key=key)["Body"].read()
    bad = b"x" * len(good)
    remote.s3.put_object(Bucket="sources", Key=key, Body=bad, Metadata={"length": str(len(bad))})
    remote.aws.ends = [lacking(damaged=[key.removeprefix("parts/")]), End()]
    remote.build(job)
    assert remote.s3.get_object(Bucket="sources", Key=key)["Body"].read() == good


@pytest.mark.parametrize(
    "end",
    [
        End("FAILED", cause="Reason: exit status 3"),
        End("FAILED", phase="DOWNLOAD_SOURCE", cause="NoSuchKey: The specified key does not exist. status code: 404"),
    ],
)
def test_sources_that_are_gone_are_noticed_without_a_log_too(remote: Remote, job: BuildJob, end: End) -> None:
    remote.publish(job)
    remote.aws.ends = [end, End()]
    remote.build(job)
    assert len(remote.aws.builds) == 2


def test_sources_that_stay_missing_are_an_error_in_the_end(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [lacking(absent=["x"]) for _ in range(9)]
    with pytest.raises(BuildFailed, match="also after they were put again"):
        remote.build(job)
    assert len(remote.aws.builds) == 3


# --- what cannot be done


def test_a_secrets_value_is_refused_with_where_to_keep_it(remote: Remote, job: BuildJob) -> None:
    with pytest.raises(ArgsError, match="cannot reach a build on CodeBuild") as caught:
        remote.build(make_job(secrets={"token": b"v4lue"}))
    assert "SecretsManagerSecret" in caught.value.next_step
    assert not remote.aws.calls
    assert not remote.objects()


def test_a_secrets_reference_reaches_the_environment_as_a_reference(remote: Remote) -> None:
    job = make_job(secret_references={"token": SecretReference("SECRETS_MANAGER", "shop/token:key")})
    remote.publish(job)
    remote.build(job)
    assert remote.aws.requests[0]["environmentVariablesOverride"][-1] == {
        "name": "FAST_CONTAINER_SECRET_0",
        "value": "shop/token:key",
        "type": "SECRETS_MANAGER",
    }


@pytest.mark.parametrize("operation", ["StartBuild", "BatchGetBuilds", "ListBuildsForProject"])
def test_a_denied_call_names_the_action_and_the_statement_to_add(remote: Remote, job: BuildJob, operation: str) -> None:
    remote.run(remote.another_machine().start(make_job(content="other"), ListReporter()))
    remote.aws.fail[operation] = [refusal("AccessDeniedException", "User: x is not authorized", operation)] * 9
    with pytest.raises(AuthError, match=f"AWS denied codebuild:{operation}") as caught:
        remote.build(job)
    assert f'"Action": "codebuild:{operation}"' in caught.value.next_step
    assert "project/project" in caught.value.next_step


def test_a_project_that_is_not_there_says_where_to_look(remote: Remote, job: BuildJob) -> None:
    remote.aws.fail["ListBuildsForProject"] = [refusal("ResourceNotFoundException", "no such project")]
    with pytest.raises(BuilderError) as caught:
        remote.build(job)
    assert "in this region" in caught.value.next_step


def test_an_interrupted_watch_says_that_the_build_goes_on(remote: Remote, job: BuildJob) -> None:
    async def story() -> None:
        remote.aws.ends = [End(looks=10**6)]
        building = asyncio.create_task(remote.executor.build(job, remote.reporter))
        await until(lambda: remote.aws.calls["BatchGetBuilds"])
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building

    remote.run(story())
    assert "goes on" in remote.reporter.notes[-1]
    assert "`pulumi up` joins it" in remote.reporter.notes[-1]
    assert remote.aws.calls["StopBuild"] == 0


# --- ends that another build may better


DENIED = "ACCESS_DENIED: Service role arn:aws:iam::1:role/builds does not allow AWS CodeBuild to create log streams"


@pytest.mark.parametrize(
    "end",
    [
        End(status="FAILED", phase="QUEUED", cause=DENIED),
        End(status="FAILED", phase="PROVISIONING", cause="is not authorized to perform: logs:CreateLogStream"),
        End(status="FAILED", phase="DOWNLOAD_SOURCE", cause="not authorized to perform: secretsmanager:GetSecretValue"),
        End(
            status="FAILED",
            lines=[write_line(build_lines.FAILED, {"type": "AuthError", "what": "AWS denied ecr:BatchGetImage."})],
        ),
        End(
            status="FAILED",
            lines=[write_line(build_lines.FAILED, {"type": "BuildFailed", "why": "failed to push: 403 Forbidden"})],
        ),
    ],
)
def test_what_a_role_may_not_yet_is_tried_again_for_a_minute(remote: Remote, job: BuildJob, end: End) -> None:
    remote.publish(job)
    remote.aws.ends = [end, end, End(lines=[BUILT])]
    remote.build(job)
    assert len(remote.aws.requests) == 3
    assert sum("not taken effect at AWS yet" in note for note in remote.reporter.notes) == 2
    remote.aws.ends = [end] * 99
    remote.executor = remote.another_machine()
    begun_s = remote.clock.time_s
    with pytest.raises((BuildFailed, AuthError)) as caught:
        remote.build(job)
    assert remote.clock.time_s - begun_s < 100
    assert "fast-container policy" in caught.value.next_step


def test_a_failed_step_is_not_built_again(remote: Remote, job: BuildJob) -> None:
    remote.aws.ends = [End(status="FAILED", cause="exit status 1", lines=["denied: whatever a step says"])]
    with pytest.raises(BuildFailed):
        remote.build(job)
    assert len(remote.aws.requests) == 1


def test_network_interfaces_that_ec2_has_no_time_for_are_asked_for_again(remote: Remote, job: BuildJob) -> None:
    busy = "VPC_CLIENT_ERROR: Unexpected EC2 error: RequestLimitExceeded"
    remote.aws.ends = [End(status="FAILED", phase="QUEUED", cause=busy), End(lines=[BUILT])]
    remote.publish(job)
    remote.build(job)
    assert len(remote.aws.requests) == 2


@pytest.mark.parametrize(
    "cause",
    [
        "AccessDenied: Access Denied status code: 403, request id: 1 for primary source and source version arn:x",
        "NoSuchKey: The specified key does not exist. status code: 404",
    ],
)
def test_a_bundle_that_is_gone_is_put_again_whatever_s3_calls_it(remote: Remote, job: BuildJob, cause: str) -> None:
    def expire() -> None:
        for key in remote.objects():
            remote.s3.delete_object(Bucket="sources", Key=key)
        remote.aws.on_start = lambda: None

    remote.publish(job)
    remote.aws.on_start = expire
    remote.aws.ends = [End(status="FAILED", phase="DOWNLOAD_SOURCE", cause=cause), End(lines=[BUILT])]
    remote.build(job)
    assert len(remote.aws.requests) == 2
    assert [key for key in remote.objects() if key.startswith("bundles/")]


def test_an_account_without_a_quota_is_told_at_once(remote: Remote, job: BuildJob) -> None:
    text = "Cannot have more than 0 builds in queue for the account"
    remote.aws.fail["StartBuild"] = [refusal("AccountLimitExceededException", text)]
    with pytest.raises(BuilderError, match="may not run builds of this kind yet"):
        remote.build(job)
    assert remote.clock.time_s < 5


def test_tokens_of_two_projects_on_one_bucket_differ(remote: Remote, job: BuildJob) -> None:
    other = remote.another_machine("other")
    for executor in (remote.executor, other):
        remote.run(executor.start(job, remote.reporter))
        executor.watch.forget_recent()
        remote.aws.builds.clear()
    tokens = [request["idempotencyToken"] for request in remote.aws.requests]
    assert len(set(tokens)) == 2


def test_a_build_is_logged_in_where_its_dockerfile_and_its_builder_pull_from(remote: Remote, job: BuildJob) -> None:
    remote.publish(job)
    remote.executor.mirrors = {"docker.io": "1.dkr.ecr.r.amazonaws.com/docker-hub"}
    remote.executor.logins = {"ghcr.io": SecretReference("SECRETS_MANAGER", "ghcr-login")}
    remote.executor.pull_hosts = ("2.dkr.ecr.r.amazonaws.com",)
    remote.executor.buildkit_image = "3.dkr.ecr.r.amazonaws.com/buildkit:1"
    secret = SecretReference("PARAMETER_STORE", "/token")
    remote.build(replace(job, pull_hosts=("9.dkr.ecr.r.amazonaws.com",), secret_references={"token": secret}))
    (request,) = remote.aws.requests
    bucket, _, key = request["sourceLocationOverride"].partition("/")
    archive = zipfile.ZipFile(io.BytesIO(remote.s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    plan = json.loads(archive.read("plan.json"))
    assert plan["pull_hosts"] == [f"{account}.dkr.ecr.r.amazonaws.com" for account in (1, 2, 3, 9)]
    assert plan["mirrors"] == remote.executor.mirrors
    variables = {one["name"]: (one["type"], one["value"]) for one in request["environmentVariablesOverride"]}
    assert variables[plan["login_variables"]["ghcr.io"]] == ("SECRETS_MANAGER", "ghcr-login")
    assert variables[plan["secret_variables"]["token"]] == ("PARAMETER_STORE", "/token")


@pytest.mark.parametrize(
    "line",
    [
        {"progress": ["a"]},
        {"failed": "text"},
        {"failed": {"last_lines": "text"}},
        {"failed": {"exit_code": "1"}},
        {"built": {"steps": "many"}},
        {"built": [1]},
        {"parts_unusable": {"absent": 1, "damaged": []}},
        {"parts_unusable": []},
        {"unknown": {}},
    ],
)
def test_what_only_looks_like_a_marked_line_is_plain_log(remote: Remote, job: BuildJob, line: object) -> None:
    forged = f"{build_lines.MARK} {json.dumps(line)}"
    remote.aws.ends = [End(lines=[forged, BUILT])]
    remote.publish(job)
    assert remote.build(job).steps == 5
