"""A fleet on the real engine: one declaration, one look-up, each image by itself; names; the plan file."""

from __future__ import annotations

import subprocess
from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import COMPONENT, EngineStack, Run

from fast_container.cli.planned import current_images, load_plan

pytestmark = pytest.mark.plain_python("one story of every day is run as users run it")

PROGRAM = """
import pulumi
from fast_container import FastImageFleet

config = pulumi.Config()
former = config.get("formerFleet")
fleet = FastImageFleet(
    config.get("fleet") or "shop",
    "lambdas/*/Dockerfile*",
    repository=config.require("repository"),
    exclude=["*-old"],
    context="{dir}",
    build_args={"KIND": "common"},
    overrides={"search": {"build_args": {"KIND": "own"}}, "mail": {"build_args": {"KIND": None}}},
    opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former)]) if former else None,
)
for name, image in fleet.items():
    pulumi.export(f"{name}.key", image.build_key)
pulumi.export("orders.uri", fleet["orders"].image_uri)
"""
# The same images one by one, below a component of the fleet's type and name.
BY_HAND = """
import pulumi
from fast_container import FastContainerImage


class Fleet(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("fast-container:index:FastImageFleet", "shop")


opts = pulumi.ResourceOptions(parent=Fleet())
options = {
    "orders": {"build_args": {"KIND": "common"}},
    "search": {"build_args": {"KIND": "own"}},
    "mail": {},
}
for name, own in options.items():
    FastContainerImage(
        f"shop-{name}",
        repository=pulumi.Config().require("repository"),
        context=f"lambdas/{name}",
        dockerfile=f"lambdas/{name}/Dockerfile",
        opts=opts,
        **own,
    )
"""
NAMES = ("orders", "search", "mail")
PLAN = "fast-container.plan.json"


class Fleet:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.hand: EngineStack = stacks(BY_HAND, folder="hand")
        url = stacks.repository("images")
        for stack in (self.stack, self.hand):
            stack.configure({"engine-test:repository": url})
            for name in NAMES:
                text = "FROM busybox\nARG KIND=none\nRUN echo $KIND > /kind\nCOPY app.txt *.bin /\n"
                stack.file(f"lambdas/{name}/Dockerfile", text)
                stack.file(f"lambdas/{name}/app.txt", f"{name} one")
                stack.file(f"lambdas/{name}/{name}.bin", name)
            stack.file("lambdas/mail/Dockerfile.old", "FROM busybox\n")
        self.stack.file(".gitignore", "*.bin\n")
        subprocess.run(["git", "init", "-q"], cwd=self.stack.folder, check=True)

    @cached_property
    def preview(self) -> Run:
        before = self.stacks.cloud.api_calls().get("ecr:BatchGetImage", 0)
        run = self.stack.preview()
        self.look_ups = self.stacks.cloud.api_calls()["ecr:BatchGetImage"] - before
        self.plan = (self.stack.folder / PLAN).read_text()
        return run

    @cached_property
    def preview_by_hand(self) -> Run:
        return self.hand.preview()

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


def test_a_fleet_is_its_images_one_by_one_with_the_same_urns_keys_and_plan_entries(fleet: Fleet) -> None:
    by_fleet, by_hand = fleet.preview, fleet.preview_by_hand
    assert urns(by_fleet) == urns(by_hand) != set()
    assert fleet.plan == (fleet.hand.folder / PLAN).read_text()
    for name in NAMES:
        record = f"shop-{name}-build"
        assert by_fleet.outputs_of(record)["build_key"] == by_hand.outputs_of(record)["build_key"]


def urns(run: Run) -> set[str]:
    found = [event["resourcePreEvent"]["metadata"]["urn"] for event in run.events if "resourcePreEvent" in event]
    return {urn for urn in found if "::shop" in urn}


def test_a_preview_that_changes_something_says_once_how_many_files_that_count_are_git_ignored(fleet: Fleet) -> None:
    said = [line for line in fleet.preview.messages("info") if "git-ignored" in line]
    assert len(said) == 1
    assert said[0].startswith(
        "3 files that count are git-ignored (16 bytes; the largest: lambdas/orders/orders.bin, 6 bytes)"
    )
    # Said before; and the other tree is not git's.
    assert "git-ignored" not in fleet.up.output + fleet.preview_by_hand.output


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
    file = fleet.stack.folder / PLAN
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
