"""A builder in a bucket, under a role and in a network of one's own, with two architectures, limits and a cache."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from functools import cached_property
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.core.records.cache_export import CacheExport, ExportSample
from fast_container.core.records.record import BuildRecord

PROGRAM = """
import pulumi
from fast_container import CodeBuildBuilder, FastContainerImage, ImageRepository, RegistryCache, VpcConfig

config = pulumi.Config()
images = ImageRepository("images", name="{prefix}/images")
caches = ImageRepository("caches", name="{prefix}/caches", immutable=False)
builder = CodeBuildBuilder(
    "own",
    architectures=("x86_64", "arm64"),
    bucket="{prefix}-sources",
    role="{prefix}-role",
    vpc=VpcConfig("vpc-1", ["subnet-1", "subnet-2"], ["sg-1"]),
    cache=caches.url.apply(lambda url: RegistryCache(url, branch=config.require("branch"))),
    cache_export="adaptive",
    timeout_s=1200,
    queue_timeout_s=1800,
    max_parallel=3,
)
for name, platform in (("server", "linux/amd64"), ("device", "linux/arm64")):
    FastContainerImage(name, repository=images, builder=builder, context=name, platform=platform)
"""
SERVER = "FROM busybox\nCOPY first /\nRUN echo slow > /made\nCOPY second /\n"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codebuild.amazonaws.com"}}],
}


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.cloud = stacks.cloud
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("server/Dockerfile", SERVER)
        self.stack.file("server/first", "1")
        self.stack.file("server/second", "1")
        self.stack.file("device/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
        self.client("s3").create_bucket(Bucket=f"{stacks.prefix}-sources")
        role = f"{stacks.prefix}-role"
        self.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
        self.client("iam").put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.aws_endpoint,
            region_name=self.cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )

    @cached_property
    def first(self) -> Run:
        """Both of the account's limits are met on the way: none left for a while, then the project's."""
        self.stack.configure({"engine-test:branch": "main"})
        calls = self.cloud.calls
        calls.fail("codebuild", "StartBuild", code="AccountLimitExceededException", message="limit of 0", times=2)
        try:
            return self.stack.up(env=self.stacks.without_docker(self.stack))
        finally:
            calls.reset()

    @cached_property
    def on_a_branch(self) -> Run:
        """What BuildKit itself remembers is gone, as in a build environment of AWS; a late step changes.

        Of the other image the records say that its exports were slow.
        """
        assert self.first
        slow = tuple(ExportSample(float(at), "k", "max", 30.0, 1.0, 1.0) for at in range(3))
        (device,) = self.records("device")
        self.kept.append("e" * 12, time.time(), [replace(device, cache_export=CacheExport("max", "", slow))])
        self.stack.file("device/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n# again\n")
        environment = self.cloud.environment()
        subprocess.run(["buildx", "prune", "--all", "--force"], env=environment, capture_output=True, check=True)
        self.stack.file("server/second", "2")
        self.stack.configure({"engine-test:branch": "feature/tax"})
        return self.stack.up(env=self.stacks.without_docker(self.stack))

    @property
    def kept(self) -> LocalRecords:
        return LocalRecords(self.stack.cache)

    def records(self, name: str) -> list[BuildRecord]:
        """Of an image's builds."""
        return [one for one in self.kept.read().records if (one.name, one.outcome) == (name, "built")]

    def builds(self, tag: str) -> list[dict[str, Any]]:
        project = self.cloud.codebuild.builds()
        return [build for build in project if tag in json.dumps(build["environment"]["environmentVariables"])]

    def log(self, build: dict[str, Any]) -> str:
        logs = build["logs"]
        events = self.client("logs").get_log_events(
            logGroupName=logs["groupName"], logStreamName=logs["streamName"], startFromHead=True
        )["events"]
        return "".join(event["message"] for event in events)


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_each_platform_is_built_by_the_project_of_its_architecture(story: Story) -> None:
    for name, project in (("server", "x86-64"), ("device", "arm64")):
        key = story.first.records[name]["build_key"]
        (build,) = story.builds(key)
        assert project in build["projectName"], build["projectName"]


def test_an_existing_bucket_and_role_are_used_and_neither_made_nor_changed(story: Story) -> None:
    kinds = {resource["type"] for resource in story.first.resources if "CodeBuildBuilder$" in resource["urn"]}
    assert kinds == {"aws:cloudwatch/logGroup:LogGroup", "aws:codebuild/project:Project"}
    bucket = story.client("s3").list_objects_v2(Bucket=f"{story.stacks.prefix}-sources")["Contents"]
    assert {item["Key"].partition("/")[0] for item in bucket} == {"fast-container"}
    for build in story.cloud.codebuild.builds():
        if story.stacks.prefix in build["serviceRole"]:
            break
    else:
        raise AssertionError("no build under the role")


def test_projects_have_the_network_and_the_limits_that_were_asked_for(story: Story) -> None:
    assert story.first
    client = story.client("codebuild")
    names = [name for name in client.list_projects()["projects"] if name.startswith("own-")]
    projects = [
        project
        for project in client.batch_get_projects(names=names)["projects"]
        if project["serviceRole"].endswith(f"{story.stacks.prefix}-role")
    ]
    assert len(projects) == 2
    for project in projects:
        network = {"vpcId": "vpc-1", "subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
        assert project["vpcConfig"] == network
        limits = project["timeoutInMinutes"], project["queuedTimeoutInMinutes"], project["concurrentBuildLimit"]
        assert limits == (20, 30, 3)
        assert project["environment"]["privilegedMode"]


def test_an_accounts_limit_is_waited_out_with_a_status_on_the_row(story: Story) -> None:
    lines = [line for name in ("server", "device") for line in story.first.messages(ephemeral=True, on=name)]
    assert any("limit" in line for line in lines), lines


def test_the_records_say_what_the_cache_took_and_brought_on_codebuild(story: Story) -> None:
    assert story.on_a_branch
    before, after = (record.cache_export for record in story.records("server"))
    assert before is not None
    assert after is not None
    assert (before.mode, len(before.samples), before.samples[0].saved_s) == ("max", 1, None)
    assert (after.mode, len(after.samples)) == ("max", 2)
    assert after.samples[-1].saved_s is not None  # a machine on CodeBuild has nothing of its own
    machine = story.records("server")[-1].machine
    assert (machine.size, machine.kind) == ("BUILD_GENERAL1_MEDIUM", "LINUX_CONTAINER")


def test_an_export_that_does_not_pay_is_left_out_on_codebuild_too(story: Story) -> None:
    said = story.on_a_branch.messages("info", on="device")
    figures = "cache not exported: it took 30 s, imports saved 1.0 s a build (mean of 3)"
    assert any(figures in line for line in said), said
    assert "cache not exported" in said[-1]
    record = story.records("device")[-1]
    assert record.cache_export is not None
    assert (record.cache_export.mode, record.phases.exporting_cache) == ("none", 0.0)
    assert not any(tag.startswith("cache-device-feature") for tag in story.stacks.tags("caches"))


def test_a_branch_starts_from_the_trunks_cache_and_writes_its_own(story: Story) -> None:
    (build,) = story.builds(story.on_a_branch.records["server"]["build_key"])
    steps = [line for line in story.log(build).splitlines() if "RUN echo slow" in line or "CACHED" in line]
    assert any("CACHED" in line for line in steps), steps
    closing = story.on_a_branch.messages("info", on="server")[-1]
    assert "cached" in closing
    assert "0 of" not in closing, closing
    tags = set(story.stacks.tags("caches"))
    assert "cache-server-main" in tags
    assert any(tag.startswith("cache-server-feature-tax") for tag in tags), tags


def test_what_it_made_is_destroyed_and_what_it_was_given_stays(story: Story) -> None:
    assert story.on_a_branch
    story.stack.destroy()
    assert story.client("s3").list_objects_v2(Bucket=f"{story.stacks.prefix}-sources")["KeyCount"] > 0
    assert story.client("iam").get_role(RoleName=f"{story.stacks.prefix}-role")
