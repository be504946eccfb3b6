"""``images_per_build="auto"``: images that would wait for a place share a machine, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cached_property
from typing import Any

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import CodeBuildBuilder, FastContainerImage, ImageRepository

config = pulumi.Config()
images = ImageRepository("images", name="{prefix}/images", retain_on_delete=False)
builder = CodeBuildBuilder("shared", max_parallel=1, images_per_build="auto", wait=not config.get_bool("leave"))
for name in ("a", "b", "c", "d", "e"):
    image = FastContainerImage(name, repository=images, builder=builder, context="app", build_args={"NAME": name})
    pulumi.export(name, image.image_uri)
if config.get_bool("failing"):
    FastContainerImage("failing", repository=images, builder=builder, context="failing")
pulumi.export("project", builder.outputs.projects["x86_64"])
"""
NAMES = ("a", "b", "c", "d", "e")


class Shared:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.cloud = stacks.cloud
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.edit(1)
        self.stack.file("failing/Dockerfile", "FROM busybox\nRUN echo begun; exit 3\n")

    def edit(self, number: int) -> None:
        self.stack.file("app/Dockerfile", f"FROM busybox\nARG NAME\nRUN echo {number} $NAME > /name\n")

    def up(self, **settings: Any) -> tuple[Run, int]:
        """An update and the builds that it started."""
        self.stack.configure({f"engine-test:{name}": value for name, value in settings.items() if name != "expect"})
        self.cloud.calls.reset()
        run = self.stack.up(expect=settings.get("expect", 0))
        return run, self.cloud.calls.counts()["codebuild:StartBuild"]

    @cached_property
    def failed(self) -> tuple[Run, int]:
        return self.up(failing="true", expect=1)

    @cached_property
    def left(self) -> tuple[Run, int]:
        """Edited, started, and not awaited."""
        assert self.failed
        self.edit(2)
        return self.up(failing="false", leave="true")

    @cached_property
    def waited(self) -> subprocess.CompletedProcess[str]:
        run, _ = self.left
        command = [sys.executable, "-m", "fast_container.cli", "wait", "--project", run.stack_outputs["project"]]
        environment = {**os.environ, **self.stack.environment, "PYTHONPATH": "components"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    @cached_property
    def moved(self) -> tuple[Run, int]:
        assert self.waited.returncode == 0, self.waited.stderr
        return self.up()


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Shared:
    return Shared(stacks)


def test_images_without_a_place_share_a_build(story: Shared) -> None:
    run, started = story.failed
    assert 1 <= started <= 2
    notes = [line for name in NAMES for line in run.messages("info", on=name)]
    assert any("other images, also if this run is interrupted" in line for line in notes), notes


def test_an_image_that_fails_is_reported_and_the_others_of_its_machine_are_recorded(story: Shared) -> None:
    run, _ = story.failed
    assert "FastContainerImage 'failing'" in run.errors
    assert "RUN echo begun" in run.errors
    assert not any(f"FastContainerImage {name!r}" in run.errors for name in NAMES)
    tags = story.stacks.tags("images")
    assert {name: tags[record["tag"]] for name, record in run.records.items()} == {
        name: record["digest"] for name, record in run.records.items()
    }
    assert run.records.keys() == set(NAMES)


def test_images_that_are_not_awaited_are_started_together(story: Shared) -> None:
    run, started = story.left
    assert 1 <= started <= 2
    for name in NAMES:
        record, before = run.records[name], story.failed[0].records[name]
        assert (record["status"], record["digest"]) == ("building", before["digest"])


def test_the_wait_command_ends_with_the_builds_and_names_their_images(story: Shared) -> None:
    assert "succeeded" in story.waited.stdout
    for record in story.left[0].records.values():
        assert record["build_key"][:12] in story.waited.stdout


def test_the_next_update_moves_the_consumers_of_all_images_without_a_build(story: Shared) -> None:
    run, started = story.moved
    assert started == 0
    for name in NAMES:
        assert not run.records[name]["status"]
        assert run.stack_outputs[name].endswith(run.records[name]["digest"])
        assert run.records[name]["digest"] != story.failed[0].records[name]["digest"]
