"""A builder in a bucket, under a role and in a network of one's own, with two architectures, limits and a cache."""

from __future__ import annotations

import json
import subprocess
from functools import cached_property
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

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
        """What BuildKit itself remembers is gone, as in a build environment of AWS; a late step changes."""
        assert self.first
        environment = self.cloud.environment()
        subprocess.run(["buildx", "prune", "--all", "--force"], env=environment, capture_output=True, check=True)
        self.stack.file("server/second", "2")
        self.stack.configure({"engine-test:branch": "feature/tax"})
        return self.stack.up(env=self.stacks.without_docker(self.stack))

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
