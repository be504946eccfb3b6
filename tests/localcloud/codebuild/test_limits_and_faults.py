"""Limits, the queue, and what tests can order to go wrong."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from localcloud.codebuild.faults import KILLABLE
from tests.localcloud.codebuild.conftest import SLEEP, Aws, asleep, buildspec, statuses

ALL_PHASES = buildspec(
    install=["echo in-install"],
    pre_build=["echo in-pre"],
    build=[f"echo in-build; {SLEEP}"],
    post_build=["echo in-post"],
)


def code_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_builds_over_the_accounts_limit_wait_in_order(aws: Aws) -> None:
    aws.control.limits(account_limit=1)
    aws.project("queued", "while [ ! -e stop ]; do sleep 0.02; done")
    builds = [aws.start("queued") for _ in range(3)]
    aws.wait(builds[0], lambda one: one["currentPhase"] == "BUILD")
    assert [aws.look(build)["currentPhase"] for build in builds[1:]] == ["QUEUED", "QUEUED"]
    assert aws.look(builds[1])["buildStatus"] == "IN_PROGRESS"
    assert "deepLink" not in aws.look(builds[1])["logs"]
    aws.codebuild.stop_build(id=builds[0]["id"])
    aws.wait(builds[1], lambda one: one["currentPhase"] == "BUILD")
    assert aws.look(builds[2])["currentPhase"] == "QUEUED"
    stopped = aws.codebuild.stop_build(id=builds[2]["id"])["build"]
    assert statuses(stopped)["QUEUED"] == "STOPPED"
    aws.codebuild.stop_build(id=builds[1]["id"])


def test_the_queue_holds_five_times_the_limit_and_then_start_build_fails(aws: Aws) -> None:
    aws.control.limits(account_limit=1, hold=True)
    aws.project("full", "true")
    builds = [aws.start("full") for _ in range(6)]
    assert code_of(aws.codebuild.start_build, projectName="full") == "AccountLimitExceededException"
    other = aws.start("full", computeTypeOverride="BUILD_GENERAL1_LARGE")
    aws.control.limits(hold=False)
    for build in (*builds, other):
        assert aws.wait(build)["buildStatus"] == "SUCCEEDED"


def test_a_new_account_may_build_nothing(aws: Aws) -> None:
    aws.control.limits(account_limit=0)
    aws.project("new-account", "true")
    assert code_of(aws.codebuild.start_build, projectName="new-account") == "AccountLimitExceededException"


def test_over_a_projects_limit_start_build_fails_at_once(aws: Aws) -> None:
    aws.project("limited", "sleep 30", concurrentBuildLimit=1)
    build = aws.start("limited")
    assert code_of(aws.codebuild.start_build, projectName="limited") == "AccountLimitExceededException"
    aws.codebuild.stop_build(id=build["id"])
    second = aws.start("limited")
    aws.codebuild.stop_build(id=second["id"])


def test_a_build_that_waits_too_long_times_out_in_the_queue(aws: Aws) -> None:
    aws.control.limits(hold=True, minute_s=0.02)
    aws.project("impatient", "true", queuedTimeoutInMinutes=5)
    build = aws.run("impatient")
    assert (build["buildStatus"], statuses(build)["QUEUED"]) == ("TIMED_OUT", "TIMED_OUT")


@pytest.mark.parametrize("phase", KILLABLE)
def test_a_build_can_be_killed_in_every_phase(aws: Aws, phase: str) -> None:
    spec = ALL_PHASES if phase == "BUILD" else ALL_PHASES.replace(f"; {SLEEP}", "")
    aws.codebuild.delete_project(name="killed")
    aws.project("killed", buildspec=spec)
    aws.control.kill(phase)
    build = aws.run("killed")
    assert build["buildStatus"] == "FAULT"
    shown = statuses(build)
    assert (list(shown)[-2], shown[phase]) == (phase, "FAILED")
    assert aws.run("killed", buildspecOverride=buildspec(build=["true"]))["buildStatus"] == "SUCCEEDED"


def test_a_build_can_be_killed_once_it_has_said_something(aws: Aws) -> None:
    aws.project("said", buildspec=ALL_PHASES)
    aws.control.kill("BUILD", log_contains="in-build\n")
    build = aws.run("said")
    assert build["buildStatus"] == "FAULT"
    assert "\nin-build\n" in aws.log(build)
    assert "unshare" not in aws.log(build)
    assert not asleep()


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_build_that_is_ended_by_force_leaves_no_temporary_files(aws: Aws, end: str) -> None:
    """On AWS they go with the build's container."""
    aws.project(f"messy-{end}", 'echo "[$(mktemp -d)]"', "sleep 30")
    if end == "killed":
        aws.control.kill("BUILD", log_contains="]\n")
    build = aws.start(f"messy-{end}")
    if end == "stopped":
        aws.wait(build, lambda one: one["currentPhase"] == "BUILD" and "]\n" in aws.log(one))
        aws.codebuild.stop_build(id=build["id"])
    aws.wait(build)
    (made,) = re.findall(r"^\[(/.+)\]$", aws.log(build), re.MULTILINE)
    gone = time.monotonic() + 5
    while Path(made).exists() and time.monotonic() < gone:
        time.sleep(0.02)
    assert not Path(made).exists()


def test_ordered_failures_reach_the_calls_they_name_and_no_others(aws: Aws) -> None:
    aws.project("failing-calls", "true")
    aws.calls.fail("codebuild", "StartBuild", code="ThrottlingException", times=2)
    for _ in range(2):
        assert code_of(aws.codebuild.start_build, projectName="failing-calls") == "ThrottlingException"
    build = aws.run("failing-calls")
    aws.calls.fail("codebuild", "BatchGetBuilds", code="ExpiredTokenException", skip=1)
    aws.look(build)
    assert code_of(aws.codebuild.batch_get_builds, ids=[build["id"]]) == "ExpiredTokenException"
    aws.look(build)
    aws.calls.fail("s3", "PutObject", code="AccessDenied", status=403, message="not authorized to s3:PutObject")
    assert code_of(aws.s3.put_object, Bucket="sources", Key="k", Body=b"") == "AccessDenied"
    aws.calls.fail("sts", code="ExpiredToken", status=403)
    assert code_of(aws.client("sts").get_caller_identity) == "ExpiredToken"
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_botocores_own_retries_outlast_throttling(aws: Aws) -> None:
    aws.project("throttled", "true")
    aws.calls.fail("codebuild", "StartBuild", code="ThrottlingException", times=1)
    answer = aws.client("codebuild", attempts=3).start_build(projectName="throttled")
    assert answer["build"]["id"]


def test_a_failure_can_be_meant_for_builds_alone(aws: Aws) -> None:
    who = "python3 -c \"import boto3; boto3.client('sts').get_caller_identity()\""
    aws.project("only-builds", who)
    aws.calls.fail("sts", code="ExpiredToken", status=403, by="build", times=-1)
    assert aws.client("sts").get_caller_identity()
    build = aws.run("only-builds")
    assert build["buildStatus"] == "FAILED"
    assert "ExpiredToken" in aws.log(build)


def test_a_lost_build_is_not_found(aws: Aws) -> None:
    aws.project("lost", "true")
    build = aws.run("lost")
    aws.control.lose(build["id"])
    answer = aws.codebuild.batch_get_builds(ids=[build["id"]])
    assert (answer["builds"], answer["buildsNotFound"]) == ([], [build["id"]])
    assert build["id"] not in aws.codebuild.list_builds_for_project(projectName="lost")["ids"]


def test_a_region_may_have_no_codebuild(aws: Aws) -> None:
    aws.control.absent_from("eu-south-2")
    with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
        aws.client("codebuild", region="eu-south-2").list_projects()
    assert aws.codebuild.list_projects()
    assert aws.client("s3", region="eu-south-2").list_buckets()


def test_calls_and_uploaded_bytes_are_counted(aws: Aws) -> None:
    aws.s3.put_object(Bucket="sources", Key="counted", Body=b"12345")
    aws.s3.head_object(Bucket="sources", Key="counted")
    upload = aws.s3.create_multipart_upload(Bucket="sources", Key="parts")["UploadId"]
    for number in (1, 2):
        aws.s3.upload_part(Bucket="sources", Key="parts", UploadId=upload, PartNumber=number, Body=b"123")
    aws.s3.abort_multipart_upload(Bucket="sources", Key="parts", UploadId=upload)
    assert aws.calls.counts() == {
        "s3:PutObject": 1,
        "s3:HeadObject": 1,
        "s3:CreateMultipartUpload": 1,
        "s3:UploadPart": 2,
        "s3:AbortMultipartUpload": 1,
    }
    assert aws.calls.uploads() == {"sources/counted": 5, "sources/parts": 6}
