"""Base images whose tags move: looked up at each operation, or locked."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

from fast_container.adapters.registry.image_resolver import MIRRORS_VARIABLE
from fast_container.cli import main
from tests.adapters.moving_base import MovingBase

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, ImageRepository

config = pulumi.Config()
repository = ImageRepository("images", name="{prefix}/images")
for name in ("api", "worker"):
    image = FastContainerImage(
        name,
        repository=repository,
        context="context",
        build_args={"NAME": name},
        image_policy=config.require("policy"),
    )
    pulumi.export(name, image.digest)
"""
DOCKERFILE = """\
FROM {base}:1
ARG NAME
COPY $DIR /app
RUN echo $NAME > /name
"""
UNREACHABLE = {MIRRORS_VARIABLE: "docker.io=127.0.0.1:1"}


class Moving:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.name = f"library/{stacks.prefix}-base"
        self.base = MovingBase(stacks.cloud.mirror_host, self.name)
        self.stack: EngineStack = stacks(PROGRAM)
        self.mirror = f"docker.io={stacks.cloud.mirror_host}"
        self.stack.environment[MIRRORS_VARIABLE] = self.mirror
        self.stack.file("context/Dockerfile", DOCKERFILE.format(base=self.name.removeprefix("library/")))
        self.stack.file("context/src/a", "a")
        self.stack.file("context/other", "b")
        self.policy("resolve")

    def policy(self, policy: str) -> None:
        self.stack.configure({"engine-test:policy": policy})

    def said(self, run: Run) -> list[str]:
        """What the images' environment says."""
        images = MovingBase(self.base.host, f"{self.stacks.prefix}/images")
        return [images.environment(run.stack_outputs[name])[1] for name in ("api", "worker")]

    @cached_property
    def first(self) -> Run:
        self.base.move("1", {"DIR": "src", "SAID": "first"})
        return self.stack.up()

    @cached_property
    def unmoved(self) -> Run:
        assert self.first
        return self.stack.preview()

    @cached_property
    def moved_preview(self) -> Run:
        assert self.unmoved
        lock = ("lock", "--context", str(self.stack.folder / "context"), "--mirror", self.mirror)
        assert main([*lock, "--file", str(self.stack.folder / "first.lock")]) == 0
        self.base.move("1", {"DIR": "src", "SAID": "second"})
        return self.stack.preview()

    @cached_property
    def moved(self) -> Run:
        assert self.moved_preview
        return self.stack.up()

    @cached_property
    def offline_preview(self) -> Run:
        assert self.moved
        return self.stack.preview(env=UNREACHABLE)

    @cached_property
    def offline(self) -> Run:
        assert self.moved
        return self.stack.up(env=UNREACHABLE, expect=1)

    @cached_property
    def unlocked(self) -> Run:
        assert self.offline and self.offline_preview
        self.policy("locked")
        self.stack.file("images.lock", '{"version": 1, "images": {}}')
        return self.stack.preview(expect=1)

    @cached_property
    def locked(self) -> Run:
        assert self.unlocked
        (self.stack.folder / "first.lock").replace(self.stack.folder / "images.lock")
        self.stack.file("context/src/a", "changed")
        return self.stack.up(env=UNREACHABLE)


@pytest.fixture(scope="module")
def moving(stacks: Stacks) -> Moving:
    return Moving(stacks)


def test_an_unmoved_tag_changes_nothing(moving: Moving) -> None:
    assert moving.first.builds == 2
    assert (moving.unmoved.changes, moving.unmoved.builds) == ({}, 0)


def test_facts_of_the_base_narrow_what_is_read(moving: Moving) -> None:
    assert moving.first.records["api"]["counts"] == {"context": "1/1"}


def test_preview_says_that_the_tag_moved(moving: Moving) -> None:
    assert moving.moved_preview.changes == {"update": 2}
    base = moving.name.removeprefix("library/")
    for name in ("api", "worker"):
        said = "\n".join(moving.moved_preview.messages(on=name))
        assert f"will be built: external image {base}:1 changed" in said


def test_a_moved_tag_is_built(moving: Moving) -> None:
    assert moving.moved.builds == 2
    assert (moving.said(moving.first), moving.said(moving.moved)) == (["SAID=first"] * 2, ["SAID=second"] * 2)


def test_a_preview_without_a_network_says_why_the_key_is_unknown(moving: Moving) -> None:
    assert moving.offline_preview.exit_code == 0
    said = "\n".join(moving.offline_preview.messages(on="api"))
    assert "build key unknown in preview: a base image could not be looked up" in said
    assert "127.0.0.1:1" in said


def test_an_up_without_a_network_fails_and_changes_nothing(moving: Moving) -> None:
    assert "The registry cannot be reached" in moving.offline.errors
    assert moving.offline.records == moving.moved.records


def test_a_base_that_is_not_locked_is_refused_in_preview_with_line_and_command(moving: Moving) -> None:
    assert "is not in images.lock for linux/amd64" in moving.unlocked.errors
    assert "Dockerfile:1" in moving.unlocked.errors
    assert "fast-container lock --file images.lock" in moving.unlocked.errors
    assert moving.unlocked.builds == 0


def test_an_image_is_built_from_the_locked_base_although_the_tag_moved(moving: Moving) -> None:
    assert moving.said(moving.locked) == ["SAID=first"] * 2
    assert moving.locked.builds == 2
