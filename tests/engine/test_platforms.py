"""An image for two platforms on the real engine: an image for each, and an index of them that is tagged last."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

config = pulumi.Config()
repository = config.require("repository")
builder = LocalBuilder(check_registry=config.get("check") or "changed")
both = ["linux/amd64", "linux/arm64"]
web = FastContainerImage(
    "web", repository=repository, context="web", runs_on="ecs", platforms=both, builder=builder
)
other = pulumi.ResourceOptions(parent=pulumi.ComponentResource("tests:index:Other", "other"))
same_name = FastContainerImage("web", repository=repository, context="web", target="files-amd64", opts=other)
pulumi.export("same_name", same_name.tag)
fn = FastContainerImage(
    "fn", repository=repository, context="fn", runs_on="lambda", platforms=["linux/arm64", "linux/amd64"]
)
for name in ("image_uri", "tag", "build_key"):
    pulumi.export(name, getattr(web, name))
pulumi.export("fn", fn.image_uris)
pulumi.export("fn_first", fn.image_uri)
"""
# What is for one platform only: an edit there concerns one image.
WEB = "FROM scratch AS files-amd64\nCOPY x86 /\nFROM scratch AS files-arm64\nCOPY arm /\nFROM files-${TARGETARCH}\n"


class Story:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.configure({"engine-test:repository": stacks.repository("images")})
        for place, text in {"web/x86": "x", "web/arm": "a", "web/Dockerfile": WEB, "fn/app.txt": "one"}.items():
            self.stack.file(place, text)
        self.stack.file("fn/Dockerfile", "FROM scratch\nCOPY app.txt /\n")

    @cached_property
    def seen(self) -> Run:
        return self.stack.preview()

    @cached_property
    def first(self) -> Run:
        assert self.seen
        return self.stack.up()

    @cached_property
    def edited(self) -> Run:
        assert self.first
        self.stack.file("web/arm", "another")
        return self.stack.up()

    @cached_property
    def again(self) -> Run:
        assert self.edited
        return self.stack.up()

    @cached_property
    def gone(self) -> Run:
        """The index alone was deleted in the registry, and unchanged images are looked up."""
        assert self.again
        self.stack.configure({"engine-test:check": "always"})
        self.stacks.delete_tag("images", self.again.stack_outputs["tag"])
        return self.stack.up()

    @cached_property
    def replaced(self) -> Run:
        """The index was deleted, and an image of it replaced by the one that it had before."""
        now, before = self.gone.records["web-arm64"], self.first.records["web-arm64"]
        self.stack.configure({"engine-test:check": "changed"})
        for tag in (self.gone.stack_outputs["tag"], self.first.stack_outputs["tag"], now["tag"]):
            self.stacks.delete_tag("images", tag)
        self.stacks.put_tag("images", now["tag"], before["digest"])
        return self.stack.up("--refresh", expect=1)


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_a_preview_says_what_is_built_and_what_is_put_together(story: Story) -> None:
    assert "will be put together: first build" in [line.strip() for line in story.seen.messages(on="web")]
    for name in ("web-amd64", "web-arm64"):
        assert any("will be built" in line for line in story.seen.messages(on=name))


def test_every_platform_has_an_image_and_the_index_lists_both(story: Story) -> None:
    assert story.first.builds == 5
    outputs = story.first.stack_outputs
    index = story.stacks.manifest("images", outputs["image_uri"].partition("@")[2])
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    platforms = [f"{one['platform']['os']}/{one['platform']['architecture']}" for one in index["manifests"]]
    assert platforms == ["linux/amd64", "linux/arm64"]
    digests = {story.first.records[name]["digest"] for name in ("web-amd64", "web-arm64")}
    assert {one["digest"] for one in index["manifests"]} == digests
    assert outputs["tag"] == f"key-{outputs['build_key'][:40]}"


def test_lambda_gets_an_image_for_each_architecture_and_no_index(story: Story) -> None:
    records, outputs = story.first.records, story.first.stack_outputs
    assert "fn" not in records
    uris = {name: uri.partition("@")[2] for name, uri in outputs["fn"].items()}
    assert uris == {"arm64": records["fn-arm64"]["digest"], "x86_64": records["fn-amd64"]["digest"]}
    assert outputs["fn_first"] == outputs["fn"]["arm64"]


def test_an_edit_that_concerns_one_platform_builds_one(story: Story) -> None:
    assert story.edited.builds == 1
    assert story.edited.steps == {"web-arm64-build": "update", "web-build": "update"}
    assert "put together: platform linux/arm64 changed" in [line.strip() for line in story.edited.messages(on="web")]


def test_nothing_changed_nothing_done(story: Story) -> None:
    assert story.again.builds == 0
    assert story.again.steps == {}


def test_an_image_of_another_component_may_have_the_name_of_an_index(story: Story) -> None:
    assert story.first.stack_outputs["same_name"] in story.stacks.tags("images")


def test_an_index_that_is_gone_is_put_together_again_where_unchanged_images_are_looked_up(story: Story) -> None:
    assert (story.gone.builds, story.gone.steps["web-build"]) == (0, "update")
    assert "put together: it is gone from the registry" in [line.strip() for line in story.gone.messages(on="web")]


def test_an_image_that_replaced_the_verified_one_is_in_no_index(story: Story) -> None:
    assert "The tag of the image for linux/arm64 names another image" in story.replaced.errors
    assert story.gone.stack_outputs["tag"] not in story.stacks.tags("images")
