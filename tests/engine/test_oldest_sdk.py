"""The oldest Pulumi SDK that pyproject.toml allows, on the real engine."""

from __future__ import annotations

import json
import os
from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

from tests.pulumi_sdks import oldest_version, sdk_path

pytestmark = pytest.mark.plain_python("another SDK")

PROGRAM = """
import importlib.metadata
import pulumi
from fast_container import FastContainerImage

config = pulumi.Config()
pulumi.export("sdk", importlib.metadata.version("pulumi"))
argument = "ok"
if config.get_bool("failing"):
    argument = pulumi.Output.from_input(0).apply(lambda number: str(1 / number))
app = FastContainerImage("app", repository=config.require("repository"), context="app", build_args={"A": argument})
pulumi.export("uri", app.image_uri)
"""


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("app/Dockerfile", "FROM scratch\nARG A\nLABEL a=$A\nCOPY . /\n")
        self.stack.configure({"engine-test:repository": stacks.repository("images")})
        self.env = {"PYTHONPATH": os.pathsep.join([*sdk_path("oldest"), *self.stack.audit_path])}

    @cached_property
    def first(self) -> Run:
        return self.stack.up(env=self.env)

    @cached_property
    def damaged(self) -> Run:
        assert self.first
        good = self.stack.state_text
        damaged = json.loads(good)
        for resource in damaged["checkpoint"]["latest"]["resources"]:
            if resource["urn"].endswith("::app-build"):
                resource["outputs"]["aws"] = ["no", "mapping"]
        self.stack.restore(json.dumps(damaged))
        refreshed = self.stack.refresh(env=self.env, expect=1)
        self.stack.restore(good)
        return refreshed

    @cached_property
    def failing(self) -> Run:
        assert self.damaged
        self.stack.configure({"engine-test:failing": "true"})
        return self.stack.preview(env=self.env, expect=1)


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_it_builds_and_deploys(story: Story) -> None:
    outputs = story.first.stack_outputs
    assert outputs["sdk"] == oldest_version()
    assert outputs["uri"].endswith(story.stacks.tags("images")[story.first.records["app"]["tag"]])


def test_an_error_of_the_provider_is_no_traceback(story: Story) -> None:
    assert "could not be processed" in story.damaged.errors
    assert "Traceback" not in story.damaged.output


def test_an_output_that_fails_says_so_itself(story: Story) -> None:
    assert "division by zero" in story.failing.output
    assert "exit code: -" not in story.failing.output
