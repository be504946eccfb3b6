"""``wait=False``: an update starts its builds and leaves; the next one joins them and moves the consumers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from functools import cached_property
from typing import Any

import boto3
import pytest
from botocore.config import Config
from conftest import AWS_KEY_ID, AWS_SECRET_KEY, Stacks
from engine_stack import EngineStack, Run

from fast_container.adapters.records.local_records import LocalRecords

PROGRAM = """
import pulumi
from fast_container import CodeBuildBuilder, FastContainerImage, ImageChecks, ImageRepository

images = ImageRepository("images", name="{prefix}/images", retain_on_delete=False)
builder = CodeBuildBuilder("started", wait=False)
checks = ImageChecks(max_growth="1 GB")
image = FastContainerImage("api", repository=images, builder=builder, context="api", checks=checks)
copies = ImageRepository("copies", name="{prefix}/copies", retain_on_delete=False)
FastContainerImage("twin", repository=copies, builder=builder, context="api", checks=checks)
pulumi.export("uri", image.image_uri)
pulumi.export("bucket", builder.bucket)
pulumi.export("project", builder.outputs.projects["x86_64"])
"""


class Started:
    def __init__(self, stacks: Stacks) -> None:
        self.cloud = stacks.cloud
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.edit(1)

    def edit(self, number: int) -> None:
        self.stack.file("api/Dockerfile", f"FROM busybox\nRUN echo {number} > /number\n")

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def started(self) -> Run:
        assert self.first
        self.cloud.codebuild.limits(hold=True)
        self.edit(2)
        return self.stack.up()

    def planned(self, run: Run) -> list[dict[str, Any]]:
        """The plans that were uploaded for builds."""
        s3: Any = boto3.client(
            "s3",
            endpoint_url=self.cloud.aws_endpoint,
            region_name=self.cloud.region,
            aws_access_key_id=AWS_KEY_ID,
            aws_secret_access_key=AWS_SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}),
        )
        bucket = run.stack_outputs["bucket"]
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"] if "bundles/" in one["Key"]]
        read = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
        return [json.loads(zipfile.ZipFile(io.BytesIO(one)).read("plan.json")) for one in read]

    @cached_property
    def preview(self) -> Run:
        assert self.started
        return self.stack.preview()

    @cached_property
    def again(self) -> Run:
        """Edited once more while the first edit's build is under way."""
        assert self.preview
        self.edit(3)
        return self.stack.up()

    @cached_property
    def waited(self) -> subprocess.CompletedProcess[str]:
        assert self.again
        self.cloud.codebuild.limits(hold=False)
        command = [sys.executable, "-m", "fast_container.cli", "wait", "--project", self.first.stack_outputs["project"]]
        environment = {**os.environ, **self.stack.environment, "PYTHONPATH": "components"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    @cached_property
    def moved(self) -> Run:
        assert self.waited.returncode == 0, self.waited.stderr
        self.cloud.calls.reset()
        return self.stack.up()


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Started:
    return Started(stacks)


def test_a_first_deploy_waits(story: Started) -> None:
    record = story.first.records["api"]
    assert record["digest"].startswith("sha256:")
    assert not record["status"]


def test_an_edit_is_started_and_consumers_stay_on_the_image_before(story: Started) -> None:
    before, after = story.first.records["api"], story.started.records["api"]
    assert after["build_key"] != before["build_key"]
    assert (after["digest"], after["status"]) == (before["digest"], "building")
    assert story.started.stack_outputs["uri"] == story.first.stack_outputs["uri"]


def test_a_started_build_knows_the_size_of_the_image_before_for_its_budget_of_growth(story: Started) -> None:
    first, second = sorted(one["before_bytes"] or 0 for one in story.planned(story.started))
    assert first == 0
    assert second > 1_000_000


def test_an_image_for_two_repositories_is_started_once(story: Started) -> None:
    before, after = story.first.records["twin"], story.started.records["twin"]
    assert before["digest"] == story.first.records["api"]["digest"]
    assert (after["digest"], after["status"]) == (before["digest"], "building")
    notes = [line for name in ("api", "twin") for line in story.started.messages("info", on=name)]
    assert sum("started, not awaited" in line for line in notes) == 1
    assert sum("not started: the `up` after the build for" in line for line in notes) == 1


def test_while_it_builds_a_preview_reports_a_change(story: Started) -> None:
    assert story.preview.steps["api-build"] == "update"
    assert any("started by an earlier update" in line for line in story.preview.messages("info", on="api"))


def test_an_edit_while_it_builds_is_started_too(story: Started) -> None:
    record = story.again.records["api"]
    assert (record["digest"], record["status"]) == (story.first.records["api"]["digest"], "building")
    assert record["build_key"] != story.started.records["api"]["build_key"]


def test_the_wait_command_ends_with_the_builds(story: Started) -> None:
    assert story.waited.stdout.count("succeeded") == 2, story.waited.stdout


def test_the_next_update_moves_the_consumers_without_a_build(story: Started) -> None:
    record = story.moved.records["api"]
    assert not record["status"]
    assert record["digest"] == story.stacks.tags("images")[record["tag"]]
    assert record["digest"] != story.first.records["api"]["digest"]
    assert story.moved.stack_outputs["uri"].endswith(record["digest"])
    twin = story.moved.records["twin"]
    assert (twin["digest"], twin["status"]) == (record["digest"], "")
    assert story.stacks.tags("copies")[twin["tag"]] == twin["digest"]
    assert story.cloud.calls.counts()["codebuild:StartBuild"] == 0


def test_an_update_that_moves_consumers_learns_what_the_build_before_it_took(story: Started) -> None:
    moved = story.moved.records["api"]
    found = [record for record in LocalRecords(story.stack.cache).read().records if record.digest == moved["digest"]]
    # One of the two is started, whichever comes first; the other one is copied.
    (built,) = [record for record in found if record.outcome == "built"]
    (reused,) = [record for record in found if record.outcome == "reused"]
    assert (built.executor, built.origin.stack) == ("codebuild", reused.origin.stack)
    assert built.origin.run != reused.origin.run
    assert built.previous == story.first.records["api"]["digest"]
    assert [step.text for step in built.timeline if step.text.startswith("RUN")]
    assert built.waited_s > 0
