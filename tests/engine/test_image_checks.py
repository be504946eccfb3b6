"""``checks=``: an image that fails one is not tagged; other settings check what is there, without a build."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, ImageChecks

config = pulumi.Config()
level = config.get("level")
image = FastContainerImage(
    "app", repository=config.require("repository"), context="app", checks=ImageChecks(rules={"V02": level})
)
pulumi.export("uri", image.image_uri)
"""


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("app/Dockerfile", 'FROM scratch\nCOPY . /\nCMD ["/start"]\n')
        self.stack.file("app/start", "#!")
        self.stack.configure({"engine-test:repository": stacks.repository("images")})
        self.level("error")

    def level(self, level: str) -> None:
        self.stack.configure({"engine-test:level": level})

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def refused(self) -> Run:
        assert self.first
        self.stack.file("app/usr/bin/gcc", "a compiler")
        return self.stack.up(expect=1)

    @cached_property
    def allowed(self) -> Run:
        assert self.refused
        self.level("warning")
        return self.stack.up()

    @cached_property
    def stricter(self) -> Run:
        assert self.allowed
        self.level("error")
        return self.stack.up(expect=1)


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_an_image_that_passes_is_deployed_and_its_checks_are_in_its_record(story: Story) -> None:
    record = story.first.records["app"]
    assert '"V02":"error"' in record["checks"]
    assert record["digest"] == story.stacks.tags("images")[record["tag"]]


def test_an_image_that_fails_a_check_is_not_tagged_and_its_consumers_keep_the_one_before(story: Story) -> None:
    run = story.refused
    assert run.records == story.first.records
    assert run.stack_outputs == story.first.stack_outputs
    assert [tag for tag in story.stacks.tags("images") if tag.startswith("key-")] == [story.first.records["app"]["tag"]]


def test_the_error_is_one_table(story: Story) -> None:
    said = story.refused.errors
    assert said.count("error    V02    The image holds a compiler.") == 1
    assert "/usr/bin/gcc in layer 1 of 1" in said
    assert "Traceback" not in said


def test_a_rule_that_only_warns_deploys_that_image_without_a_build(story: Story) -> None:
    run = story.allowed
    assert run.builds == 0
    record = run.records["app"]
    assert record["digest"] == story.stacks.tags("images")[record["tag"]]
    assert record["digest"] != story.first.records["app"]["digest"]
    [said] = [text for text in run.messages("warning", on="app") if "V02" in text]
    assert said.splitlines()[1].startswith("warning  V02")


def test_a_stricter_rule_checks_the_deployed_image_without_a_build(story: Story) -> None:
    run = story.stricter
    assert run.builds == 0
    assert "does not pass its checks" in run.errors
    assert run.records == story.allowed.records
