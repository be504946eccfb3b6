"""Forty repositories on one builder: its role stays within IAM's quotas, also where the fleet has grown."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
import pulumi_aws as aws
from fast_container import CodeBuildBuilder, FastContainerImage

count = pulumi.Config().require_int("count")
builder = CodeBuildBuilder("forty")
name = "{prefix}/" + "a-service-with-a-long-name/" * 2
repositories = [aws.ecr.Repository(str(n), name=name + str(n), force_delete=True) for n in range(count)]
for number, repository in enumerate(repositories):
    builder.grant_push(str(number), repository.arn)
last = FastContainerImage("last", repository=repositories[-1], builder=builder, context="last")
pulumi.export("role", builder.role_arn)
pulumi.export("last", last.image_uri)
"""
COUNT = 40


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("last/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
        cloud = stacks.cloud
        self.iam: Any = boto3.client(
            "iam",
            endpoint_url=cloud.aws_endpoint,
            region_name=cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )

    def up(self, count: int) -> Run:
        self.stack.configure({"engine-test:count": str(count)})
        return self.stack.up(env=self.stacks.without_docker(self.stack))

    @cached_property
    def small(self) -> Run:
        return self.up(5)

    @cached_property
    def grown(self) -> Run:
        assert self.small
        return self.up(COUNT)

    def policies(self, run: Run) -> tuple[list[str], list[str]]:
        """Inline and managed documents of the builder's role, without whitespace."""
        role = run.stack_outputs["role"].rpartition("/")[2]
        inline = [
            self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]
        managed: list[Any] = []
        for policy in self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            version = self.iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            found = self.iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
            managed.append(found["PolicyVersion"]["Document"])
        return (*(([re.sub(r"\s", "", json.dumps(one)) for one in some]) for some in (inline, managed)),)


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_a_few_repositories_need_no_managed_policy(story: Story) -> None:
    inline, managed = story.policies(story.small)
    assert len(inline) == 2
    assert managed == []


def test_forty_repositories_are_granted_within_the_quotas_and_the_last_is_built_for(story: Story) -> None:
    inline, managed = story.policies(story.grown)
    assert sum(map(len, inline)) < 10_240 / 2
    assert 0 < len(managed) <= 2
    assert all(len(document) <= 6_144 for document in managed)
    granted = {
        resource
        for document in (*inline, *managed)
        for statement in json.loads(document)["Statement"]
        if "ecr:PutImage" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert len(granted) == COUNT
    assert f"/{COUNT - 1}@sha256:" in story.grown.stack_outputs["last"]


def test_a_fleet_that_shrinks_takes_its_policies_along(story: Story) -> None:
    assert story.grown
    inline, managed = story.policies(story.up(2))
    assert len(inline) == 2
    assert managed == []
