"""A fleet on the real engine: one declaration, one look-up, each image by itself; names; the plan file."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import COMPONENT, EngineStack, Run

from fast_container.cli.planned import current_images, load_plan

PROGRAM = """
import pulumi
from fast_container import FastImageFleet

config = pulumi.Config()
former = config.get("formerFleet")
fleet = FastImageFleet(
    config.get("fleet") or "shop",
    "lambdas/*/Dockerfile",
    repository=config.require("repository"),
    context=".",
    build_args={"KIND": "common"},
    overrides={"search": {"build_args": {"KIND": "own"}}},
    opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former)]) if former else None,
)
for name, image in fleet.items():
    pulumi.export(f"{name}.key", image.build_key)
pulumi.export("orders.uri", fleet["orders"].image_uri)
"""
NAMES = ("orders", "search", "mail")


class Fleet:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        url = stacks.repository("images")
        self.stack.configure({"engine-test:repository": url})
        for name in NAMES:
            self.stack.file(
                f"lambdas/{name}/Dockerfile",
                f"FROM busybox\nARG KIND\nRUN echo $KIND > /kind\nCOPY lambdas/{name}/app.txt /\n",
            )
            self.stack.file(f"lambdas/{name}/app.txt", f"{name} one")

    @cached_property
    def preview(self) -> Run:
        before = self.stacks.cloud.api_calls().get("ecr:BatchGetImage", 0)
        run = self.stack.preview()
        self.look_ups = self.stacks.cloud.api_calls()["ecr:BatchGetImage"] - before
        return run

    @cached_property
    def up(self) -> Run:
        assert self.preview
        return self.stack.up()

    @cached_property
    def edited(self) -> Run:
        assert self.up
        self.stack.file("lambdas/mail/app.txt", "mail two")
        return self.stack.up()

    @cached_property
    def renamed(self) -> Run:
        assert self.edited
        self.stack.configure({"engine-test:fleet": "store", "engine-test:formerFleet": "shop"})
        return self.stack.up()


@pytest.fixture(scope="module")
def fleet(stacks: Stacks) -> Fleet:
    return Fleet(stacks)


def test_one_call_answers_for_the_whole_fleet(fleet: Fleet) -> None:
    assert fleet.preview.steps.keys() >= {f"shop-{name}-build" for name in NAMES}
    assert fleet.look_ups == 1


def test_each_image_is_a_component_of_its_own_below_the_fleet(fleet: Fleet) -> None:
    run = fleet.up
    assert run.builds == 3
    assert run.records.keys() == {f"shop-{name}" for name in NAMES}
    components = {r["urn"].rsplit("::", 1)[1]: r["parent"] for r in run.resources if r["type"] == COMPONENT}
    assert components.keys() == {f"shop-{name}" for name in NAMES}
    assert all(parent.endswith("::shop") for parent in components.values())
    assert run.stack_outputs["orders.uri"].endswith("@" + run.records["shop-orders"]["digest"])


def test_the_plan_file_gives_the_programs_keys_and_holds_no_path_of_the_machine(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fleet.up
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(fleet.stack.cache))
    file = fleet.stack.folder / "fast-container.plan.json"
    found = current_images(load_plan(str(file)).entries)
    assert {name: image.selected.key.hex for name, image in found.items()} == {
        name: record["build_key"] for name, record in run.records.items()
    }
    assert str(fleet.stack.folder) not in file.read_text()
    assert str(fleet.stack.folder.parent) not in file.read_text()


def test_an_edit_of_one_handler_builds_one_image(fleet: Fleet) -> None:
    assert fleet.edited.steps == {"shop-mail-build": "update"}
    assert fleet.edited.builds == 1


def test_a_renamed_fleet_with_an_alias_keeps_all_its_records(fleet: Fleet) -> None:
    run = fleet.renamed
    assert run.builds == 0
    assert run.changes == {}
    assert run.records["store-mail"] == fleet.edited.records["shop-mail"]
