"""``check_registry="always"``: an image that was deleted or replaced in the registry is noticed without a refresh."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

config = pulumi.Config()
builder = LocalBuilder(check_registry=config.get("check") or "changed")
for name in ("lost", "kept"):
    image = FastContainerImage(name, repository=config.require("repository"), builder=builder, context=name)
    pulumi.export(name, image.image_uri)
"""
DOCKERFILE = "FROM scratch\nCOPY . /app/\n"


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        for name in ("lost", "kept"):
            self.stack.file(f"{name}/Dockerfile", DOCKERFILE)
            self.stack.file(f"{name}/name.txt", name)
        self.check("always")
        self.stack.configure({"engine-test:repository": stacks.repository("images")})

    def check(self, which: str) -> None:
        self.stack.configure({"engine-test:check": which})

    def lookups(self) -> int:
        return self.stacks.cloud.api_calls().get("ecr:BatchGetImage", 0)

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def unchanged(self) -> tuple[Run, int]:
        assert self.first
        before = self.lookups()
        return self.stack.up(), self.lookups() - before

    @cached_property
    def preview_after_loss(self) -> Run:
        assert self.unchanged
        self.stacks.delete_tag("images", self.first.records["lost"]["tag"])
        return self.stack.preview()

    @cached_property
    def healed(self) -> Run:
        assert self.preview_after_loss
        return self.stack.up()

    @cached_property
    def replaced(self) -> Run:
        assert self.healed
        tag, other = (self.healed.records[name] for name in ("lost", "kept"))
        self.stacks.delete_tag("images", tag["tag"])
        self.stacks.put_tag("images", tag["tag"], other["digest"])
        return self.stack.preview(expect=1)

    @cached_property
    def without_it(self) -> Run:
        assert self.replaced
        self.check("changed")
        return self.stack.preview()


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_what_is_there_is_unchanged_after_one_lookup_for_all_images(story: Story) -> None:
    run, lookups = story.unchanged
    assert run.changes == {}
    assert lookups == 1


def test_a_preview_says_that_an_image_is_gone(story: Story) -> None:
    run = story.preview_after_loss
    assert run.steps == {"lost-build": "update"}
    [said] = run.messages("info", on="lost")
    assert said.strip() == "will be built: image is gone from the registry"


def test_up_builds_it_again(story: Story) -> None:
    record = story.healed.records["lost"]
    assert story.healed.builds == 1
    assert record["digest"] == story.stacks.tags("images")[record["tag"]]
    assert story.healed.stack_outputs["lost"].endswith(record["digest"])


def test_an_image_that_was_replaced_is_refused_as_after_a_refresh(story: Story) -> None:
    assert "names another image" in story.replaced.errors
    assert story.healed.records["lost"]["digest"] in story.replaced.errors


def test_without_the_option_the_registry_is_not_asked_and_the_record_does_not_differ(story: Story) -> None:
    assert story.without_it.changes == {}
