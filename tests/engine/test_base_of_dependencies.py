"""A base image of dependencies on the real engine: which edit builds what, and which steps of it run."""

from __future__ import annotations

import re
from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import BaseImage, FastContainerImage

config = pulumi.Config()
images, bases = config.require("images"), config.require("bases")
deps = BaseImage("deps", repository=bases, packages=["packages/pricing"], install="dependencies", runs_on="ecs")
for name in ("api", "worker"):
    FastContainerImage(
        name, repository=images, context=".", dockerfile=f"{name}/Dockerfile", base_images={"BASE_IMAGE": deps}
    )
"""
PROJECT = '[project]\nname = "pricing"\nversion = "1"\ndependencies = [{}]\n'
CONSUMER = """
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
COPY {name}/settings.txt /app/
RUN python3 -c "import idna; open('/tmp/made', 'w')"
COPY packages/pricing/src /app/
COPY {name}/handler.py /app/
"""
STEPS = re.compile(r"built in [\d.]+ s: (\d+) of (\d+) steps? cached")


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stack: EngineStack = stacks(PROGRAM)
        for kind in ("images", "bases"):
            self.stack.configure({f"engine-test:{kind}": stacks.repository(kind)})
        self.stack.file("packages/pricing/pyproject.toml", PROJECT.format('"idna==3.10"'))
        self.stack.file("packages/pricing/src/pricing.py", "RATE = 1\n")
        for name in ("api", "worker"):
            self.stack.file(f"{name}/Dockerfile", CONSUMER.format(name=name))
            self.stack.file(f"{name}/settings.txt", name)
            self.stack.file(f"{name}/handler.py", f"NAME = '{name}'\n")

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def source_edited(self) -> Run:
        assert self.first
        self.stack.file("packages/pricing/src/pricing.py", "RATE = 2\n")
        return self.stack.up()

    @cached_property
    def dependency_added(self) -> Run:
        assert self.source_edited
        self.stack.file("packages/pricing/pyproject.toml", PROJECT.format('"idna==3.10", "six==1.17.0"'))
        return self.stack.up()

    @cached_property
    def handler_edited(self) -> Run:
        assert self.dependency_added
        self.stack.file("api/handler.py", "NAME = 'new'\n")
        return self.stack.up()


def steps(run: Run, name: str) -> tuple[int, int]:
    """Steps that were cached, and all, as an image's closing line has them."""
    (found,) = [match for line in run.messages("info", on=name) if (match := STEPS.match(line))]
    return int(found[1]), int(found[2])


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_the_base_is_built_once_for_all(story: Story) -> None:
    assert story.first.builds == 3


def test_an_edit_of_the_packages_source_leaves_the_base_alone_and_runs_its_consumers_last_steps_only(
    story: Story,
) -> None:
    run = story.source_edited
    assert run.builds == 2
    assert run.steps == {"api-build": "update", "worker-build": "update"}
    for name in ("api", "worker"):
        cached, every = steps(run, name)
        assert every - cached == 2, run.messages("info", on=name)


def test_a_new_dependency_builds_the_base_once_and_then_its_consumers(story: Story) -> None:
    run = story.dependency_added
    assert run.builds == 3
    assert run.steps.keys() == {"deps-build", "api-build", "worker-build"}
    ends = [line for line in run.messages("info") if STEPS.match(line)]
    assert ends[0] in run.messages("info", on="deps")
    for name in ("api", "worker"):
        assert any("base image deps changed" in line for line in run.messages("info", on=name))
        assert steps(run, name)[0] <= 1


def test_an_edit_of_a_handler_builds_that_image_and_runs_one_step(story: Story) -> None:
    run = story.handler_edited
    assert run.builds == 1
    assert run.steps == {"api-build": "update"}
    cached, every = steps(run, "api")
    assert every - cached == 1
