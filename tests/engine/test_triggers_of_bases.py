"""ONBUILD triggers of base images: those of our own are read, those of others are noticed before an image is tagged."""

from __future__ import annotations

import gzip
import io
import tarfile
from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import Run

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
from fast_container import BaseImage, ExistingBaseImage, FastContainerImage

config = pulumi.Config()
bases, images = config.require("bases"), config.require("images")
if config.get("other"):
    base = ExistingBaseImage(bases, config.require("other"))
else:
    base = BaseImage("base", repository=bases, context="base")
    pulumi.export("key", base.build_key)
    pulumi.export("uri", base.image_uri)
app = FastContainerImage("app", repository=images, context="app", base_images={"BASE": base})
pulumi.export("app", app.image_uri)
if config.get("outside"):
    outside = config.require("outside")
    FastContainerImage("outside", repository=images, context="outside", build_args={"OUTSIDE": outside})
"""


class Story:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack = stacks(PROGRAM)
        for kind in ("bases", "images"):
            self.stack.configure({f"engine-test:{kind}": stacks.repository(kind)})
        self.stack.file("base/Dockerfile", "FROM busybox\nONBUILD COPY . /app\n")
        self.stack.file("app/Dockerfile", "ARG BASE\nFROM ${BASE}\nLABEL x=1\n")
        self.stack.file("app/main.txt", "one")
        self.stack.file("outside/Dockerfile", "ARG OUTSIDE\nFROM ${OUTSIDE}\nLABEL x=1\n")
        self.stack.file("outside/main.txt", "one")

    def held(self, run: Run) -> str:
        """The file that the trigger has copied into the consumer."""
        digest = run.stack_outputs["app"].partition("@")[2]
        top = self.stacks.layers("images", digest)[-1]
        content = self.stacks.blob("images", top)
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as layer:
            found = layer.extractfile("app/main.txt")
            assert found is not None
            return found.read().decode()

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def edited(self) -> Run:
        assert self.held(self.first) == "one"
        self.stack.file("app/main.txt", "two")
        return self.stack.up()

    @cached_property
    def outside(self) -> Run:
        assert self.held(self.edited) == "two"
        self.stack.configure({"engine-test:outside": self.edited.stack_outputs["uri"]})
        return self.stack.up(expect=1)

    @cached_property
    def other_stack(self) -> Run:
        assert self.outside
        self.stack.configure({"engine-test:other": self.edited.stack_outputs["key"], "engine-test:outside": ""})
        return self.stack.preview(expect=1)


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_what_a_trigger_of_an_own_base_copies_is_sent_and_counts(story: Story) -> None:
    assert story.edited.builds == 1
    assert story.held(story.edited) == "two"


def test_a_trigger_of_an_outside_base_that_read_the_context_unseen_fails_the_image_before_its_tag(story: Story) -> None:
    before = story.stacks.tags("images")
    said = story.outside.errors
    assert "ONBUILD COPY . /app" in said
    assert "fast-container lock" in said
    assert story.edited.stack_outputs["uri"] in said
    assert story.stacks.tags("images") == before


def test_triggers_of_a_base_of_another_stack_that_nobody_said_are_named_at_preview(story: Story) -> None:
    assert "onbuild=['COPY . /app']" in story.other_stack.errors
