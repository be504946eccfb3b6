"""`up --target`, renames with and without aliases, a move below another component, a second checkout."""

from __future__ import annotations

import shutil
from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage

repository = pulumi.Config().require("repository")
for name in ("one", "two", "three"):
    image = FastContainerImage(name, repository=repository, context=name)
    for output in ("image_uri", "tag", "tagged_uri", "build_key"):
        pulumi.export(f"{name}.{output}", getattr(image, output))
"""
RENAMED = """
import pulumi
from fast_container import FastContainerImage

repository = pulumi.Config().require("repository")
group = pulumi.ComponentResource("test:index:Group", "group")
FastContainerImage(
    "uno", repository=repository, context="one", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="one")])
)
FastContainerImage("deux", repository=repository, context="two")
FastContainerImage(
    "three",
    repository=repository,
    context="three",
    opts=pulumi.ResourceOptions(parent=group, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]),
)
"""


class Names:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.repository = stacks.repository("images")
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.configure({"engine-test:repository": self.repository})
        for name in ("one", "two", "three"):
            self.stack.file(f"{name}/Dockerfile", "FROM scratch\nCOPY . /\n")
            self.stack.file(f"{name}/file.txt", f"{name} as it was")

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def second_checkout(self) -> Run:
        """Another folder, the same backend and stack."""
        assert self.first
        copy = self.stacks(PROGRAM, folder="second/deeper")
        shutil.copytree(self.stack.folder, copy.folder, dirs_exist_ok=True)
        return copy.preview("--diff")

    @cached_property
    def targeted(self) -> Run:
        assert self.second_checkout
        for name in ("one", "two"):
            self.stack.file(f"{name}/file.txt", f"{name} changed")
        return self.stack.up("--target", "**::one", "--target", "**::one-build")

    @cached_property
    def rest(self) -> Run:
        assert self.targeted
        return self.stack.up()

    @cached_property
    def renamed(self) -> Run:
        assert self.rest
        self.stack.write(RENAMED)
        return self.stack.up()


@pytest.fixture(scope="module")
def names(stacks: Stacks) -> Names:
    return Names(stacks)


def test_another_checkout_of_the_program_sees_no_change(names: Names) -> None:
    assert names.second_checkout.changes == {}
    assert names.second_checkout.started == []
    assert names.second_checkout.connected == []


def test_a_targeted_image_is_built_and_the_others_stay_on_what_was_recorded(names: Names) -> None:
    run, before = names.targeted, names.first
    assert run.steps == {"one-build": "update"}
    assert run.builds == 1
    assert run.records["one"]["build_key"] != before.records["one"]["build_key"]
    assert run.records["two"] == before.records["two"]
    for output in ("image_uri", "tag", "tagged_uri", "build_key"):
        assert run.stack_outputs[f"two.{output}"] == before.stack_outputs[f"two.{output}"]


def test_the_next_up_builds_what_was_not_targeted(names: Names) -> None:
    assert names.rest.steps == {"two-build": "update"}
    assert names.rest.builds == 1


def test_a_renamed_or_moved_component_with_an_alias_keeps_its_record(names: Names) -> None:
    run, before = names.renamed, names.rest
    assert not {"uno-build", "one-build", "three-build"} & run.steps.keys()
    assert run.records["uno"] == before.records["one"]
    assert run.records["three"] == before.records["three"]


def test_a_rename_without_an_alias_reuses_the_image_and_deletes_none(names: Names) -> None:
    run = names.renamed
    assert run.steps["deux-build"] == "create"
    assert run.steps["two-build"] == "delete"
    assert run.builds == 0
    assert run.records["deux"]["digest"] == names.rest.records["two"]["digest"]
    assert names.rest.records["two"]["tag"] in names.stacks.tags("images")
