"""Base images on the real engine: order, change, loss, failure, names, the end; and two stacks."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import BaseImage, FastContainerImage, ImageChecks, SecretEnv

config = pulumi.Config()
images, bases = config.require("images"), config.require("bases")
alias = config.get("formerBase")
opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=alias)]) if alias else None
system = BaseImage("system", repository=bases, context="system", checks=ImageChecks())
deps = BaseImage(
    config.get("base") or "deps",
    repository=bases,
    context="deps",
    base_images={"SYSTEM": system},
    pin=config.get("basePin"),
    checks=ImageChecks(rules={"V04": "off"}),
    opts=opts,
)
for name in ("api", "worker"):
    pin = config.get(f"{name}Pin")
    image = FastContainerImage(name, repository=images, context=name, base_images={"BASE_IMAGE": deps}, pin=pin)
    pulumi.export(name, image.image_uri)
named = {"python-deps": deps}
FastContainerImage("named", repository=images, context="named", base_images=named, checks=ImageChecks())
FastContainerImage("alone", repository=images, context="alone")
if config.get_bool("tools"):
    tools = BaseImage("tools", repository=bases, context="tools", secrets={"token": SecretEnv("TOKEN")})
    FastContainerImage("cli", repository=images, context="cli", base_images={"BASE_IMAGE": tools})
"""
CONSUMER = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY own.txt /own.txt\n"
# Fails for a cause that no build key covers.
TOOLS = """
FROM busybox
RUN --mount=type=secret,id=token test "$(cat /run/secrets/token)" = right || { echo this token is refused; exit 4; }
"""
CONSUMERS = {"api-build", "worker-build", "named-build"}


class Bases:
    """The steps, in their order; each runs once, after those before it."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        for kind in ("images", "bases"):
            self.stack.configure({f"engine-test:{kind}": stacks.repository(kind)})
        self.stack.file("system/Dockerfile", "FROM busybox\nRUN mkdir /system && echo 1 > /usr/bin/gcc\n")
        self.deps("one")
        for name in ("api", "worker"):
            self.stack.file(f"{name}/Dockerfile", CONSUMER)
        self.stack.file("named/Dockerfile", "FROM python-deps\nCOPY --from=python-deps /deps.txt /again.txt\n")
        self.stack.file("alone/Dockerfile", "FROM scratch\nCOPY own.txt /\n")
        for name in ("api", "worker", "alone"):
            self.stack.file(f"{name}/own.txt", f"{name} one")

    def deps(self, content: str, more: str = "") -> None:
        text = "ARG SYSTEM\nFROM ${SYSTEM}\nCOPY deps.txt /deps.txt\nRUN test -d /system\n"
        self.stack.file("deps/Dockerfile", text + more)
        self.stack.file("deps/deps.txt", content)

    def layers(self, repository: str, digest: str) -> list[str]:
        return self.stacks.layers(repository, digest)

    @cached_property
    def first(self) -> Run:
        return self.stack.up()

    @cached_property
    def unchanged(self) -> Run:
        assert self.first
        return self.stack.up(env=self.stacks.without_docker(self.stack))

    @cached_property
    def source_edited(self) -> Run:
        assert self.unchanged
        self.stack.file("api/own.txt", "api two")
        return self.stack.up()

    @cached_property
    def preview_of_base(self) -> Run:
        assert self.source_edited
        self.deps("two")
        return self.stack.preview()

    @cached_property
    def consumer_alone(self) -> Run:
        assert self.preview_of_base
        self.tags_before_target = self.stacks.tags("images") | self.stacks.tags("bases")
        run = self.stack.up("--target", "**::api", "--target", "**::api-build", expect=1)
        self.tags_after_target = self.stacks.tags("images") | self.stacks.tags("bases")
        return run

    @cached_property
    def base_changed(self) -> Run:
        assert self.consumer_alone
        return self.stack.up()

    @cached_property
    def base_lost(self) -> Run:
        self.stacks.delete_tag("bases", self.base_changed.records["deps"]["tag"])
        return self.stack.up()

    @cached_property
    def preview_of_need(self) -> Run:
        assert self.base_lost
        for name in ("api", "worker"):
            self.stack.file(f"{name}/own.txt", f"{name} three")
        return self.stack.preview()

    @cached_property
    def base_needed(self) -> Run:
        assert self.preview_of_need
        return self.stack.up()

    @cached_property
    def base_failed(self) -> Run:
        assert self.base_needed
        self.deps("three", "RUN echo this base is broken; exit 3\n")
        self.stack.file("alone/own.txt", "alone two")
        self.stack.file("tools/Dockerfile", TOOLS)
        self.stack.file("cli/Dockerfile", CONSUMER)
        self.stack.file("cli/own.txt", "cli one")
        self.stack.configure({"engine-test:tools": "true"})
        return self.stack.up("--continue-on-error", expect=1, env={"TOKEN": "wrong"})

    @cached_property
    def base_mended(self) -> Run:
        """One base's Dockerfile is mended; of the other nothing has changed but the secret's value."""
        assert self.base_failed
        self.deps("three")
        return self.stack.up(env={"TOKEN": "right"})

    @cached_property
    def renamed(self) -> Run:
        assert self.base_mended
        self.stack.configure({"engine-test:base": "python-deps", "engine-test:formerBase": "deps"})
        # The variable of a secret is not set: nothing that mounts it is built.
        return self.stack.up()

    @cached_property
    def refused_pins(self) -> Run:
        """Of the worker's key there is none, and the api's is another image's."""
        assert self.renamed
        records = self.first.records
        pins = {
            "workerPin": f"{records['worker']['tag'][:-1]}{'1' if records['worker']['tag'][-1] == '0' else '0'}",
            "apiPin": records["alone"]["tag"],
        }
        self.stack.configure({f"engine-test:{name}": pin for name, pin in pins.items()})
        return self.stack.preview(expect=1)

    @cached_property
    def rolled_back(self) -> Run:
        """Base and worker as they were first; the api at its own last key, whatever its base is now."""
        assert self.refused_pins
        records = self.first.records
        pins = {
            "basePin": f"deps:key-{records['deps']['build_key']}",
            "workerPin": records["worker"]["tag"],
            "apiPin": self.renamed.records["api"]["tag"],
        }
        self.stack.configure({f"engine-test:{name}": pin for name, pin in pins.items()})
        return self.stack.up(env=self.stacks.without_docker(self.stack))

    @cached_property
    def destroyed(self) -> Run:
        assert self.rolled_back
        return self.stack.destroy()


@pytest.fixture(scope="module")
def bases(stacks: Stacks) -> Bases:
    return Bases(stacks)


def test_a_chain_of_bases_is_built_first_and_its_layers_are_the_consumers_lowest(bases: Bases) -> None:
    run = bases.first
    assert run.builds == 6
    system, deps, api = (
        bases.layers(repository, run.records[name]["digest"])
        for repository, name in (("bases", "system"), ("bases", "deps"), ("images", "api"))
    )
    assert deps[: len(system)] == system
    assert api[: len(deps)] == deps
    assert len(api) == len(deps) + 1


def test_a_finding_of_a_base_is_reported_there_and_counted_on_the_images_on_it(bases: Bases) -> None:
    said = bases.first.messages()
    assert sum("/usr/bin/gcc in layer" in one for one in said) == 1
    for name, base in (("deps", "system"), ("named", "deps")):
        line = f"1 finding comes from the base image {base}, which has checks of its own: V02"
        assert [one for one in bases.first.messages(on=name) if line in one], name


def test_nothing_changed_is_nothing_done(bases: Bases) -> None:
    run = bases.unchanged
    assert (run.changes, run.builds, run.started, run.connected) == ({}, 0, [], [])


def test_an_edit_of_a_consumer_builds_that_image_alone(bases: Bases) -> None:
    run = bases.source_edited
    assert run.steps == {"api-build": "update"}
    assert run.builds == 1


def test_preview_names_a_changed_base_and_exactly_its_consumers(bases: Bases) -> None:
    run = bases.preview_of_base
    assert run.steps.keys() == {"deps-build", *CONSUMERS}
    assert run.messages(on="deps") == ["will be built: 1 file changed (deps.txt)\n"]
    for name in ("api", "worker", "named"):
        assert run.messages(on=name) == ["will be built: base image deps changed\n"]
    assert run.messages(on="alone") == run.messages(on="system") == []


def test_a_consumer_alone_is_not_built_on_a_base_that_the_update_leaves_out(bases: Bases) -> None:
    run = bases.consumer_alone
    assert "The base image 'deps' is not in the registry." in run.errors
    assert "with `--target` name it too" in run.errors
    assert run.builds == 0
    assert bases.tags_after_target == bases.tags_before_target


def test_a_changed_base_is_built_once_and_exactly_its_consumers_after_it(bases: Bases) -> None:
    run, before = bases.base_changed, bases.source_edited
    assert run.steps.keys() == {"deps-build", *CONSUMERS}
    assert run.builds == 4
    deps = bases.layers("bases", run.records["deps"]["digest"])
    for name in ("api", "worker", "named"):
        assert bases.layers("images", run.records[name]["digest"])[: len(deps)] == deps
        assert run.records[name]["digest"] != before.records[name]["digest"]


def test_a_base_that_is_gone_matters_to_nobody_until_a_consumer_needs_it(bases: Bases) -> None:
    assert bases.base_lost.changes == {}
    assert bases.base_lost.builds == 0


def test_preview_says_that_a_base_that_is_gone_will_be_built_again(bases: Bases) -> None:
    said = bases.preview_of_need.messages(on="api")
    assert "base image deps is gone from the registry: it will be built again first\n" in said
    assert not any("gone" in line for line in bases.preview_of_base.messages())


def test_a_base_that_is_gone_is_built_again_once_for_the_consumers_that_need_it(bases: Bases) -> None:
    run = bases.base_needed
    assert run.steps == {"api-build": "update", "worker-build": "update"}
    assert run.builds == 3
    assert run.records["deps"]["tag"] in bases.stacks.tags("bases")
    assert "it is gone from the registry" in "".join(run.messages(on="deps"))


def test_a_failed_base_builds_no_consumer_and_stops_nobody_else(bases: Bases) -> None:
    run, before = bases.base_failed, bases.base_needed
    assert run.steps["alone-build"] == "update"
    assert run.records["alone"]["digest"] != before.records["alone"]["digest"]
    for name in ("deps", "api", "worker", "named"):
        assert run.records[name] == before.records[name]
    assert not {"tools", "cli"} & run.records.keys()
    assert run.builds == 3


def test_a_failed_base_is_one_message_that_has_its_error(bases: Bases) -> None:
    errors = bases.base_failed.errors
    assert "this base is broken" in errors
    assert "this token is refused" in errors
    assert errors.count("BaseImage 'deps'") == errors.count("BaseImage 'tools'") == 1
    assert errors.count("Image '") == 2


def test_a_base_that_failed_is_built_by_the_next_update_once_it_is_mended_and_its_consumers_after_it(
    bases: Bases,
) -> None:
    run = bases.base_mended
    assert {"deps-build", *CONSUMERS} <= run.steps.keys()
    assert run.builds == 6
    deps = bases.layers("bases", run.records["deps"]["digest"])
    for name in ("api", "worker", "named"):
        assert bases.layers("images", run.records[name]["digest"])[: len(deps)] == deps


def test_a_base_that_failed_is_built_again_when_nothing_but_the_cause_is_gone(bases: Bases) -> None:
    run = bases.base_mended
    assert (run.steps["tools-build"], run.steps["cli-build"]) == ("create", "create")
    tools, cli = (
        bases.layers(repository, run.records[name]["digest"])
        for repository, name in (("bases", "tools"), ("images", "cli"))
    )
    assert cli[: len(tools)] == tools


def test_a_renamed_base_with_an_alias_builds_nothing(bases: Bases) -> None:
    run = bases.renamed
    assert run.changes == {}
    assert run.builds == 0
    assert run.records["python-deps"] == bases.base_mended.records["deps"]


def test_destroy_forgets_consumers_before_their_bases_and_deletes_no_image(bases: Bases) -> None:
    tags = bases.stacks.tags("bases"), bases.stacks.tags("images")
    order = [name for name in bases.destroyed.steps if name.endswith("-build")]
    for name in CONSUMERS:
        assert order.index(name) < order.index("python-deps-build") < order.index("system-build")
    assert (bases.stacks.tags("bases"), bases.stacks.tags("images")) == tags


BASE_STACK = """
import pulumi
from fast_container import BaseImage

base = BaseImage("deps", repository=pulumi.Config().require("bases"), context="deps")
pulumi.export("url", base.repository_url)
pulumi.export("key", base.build_key)
"""
CONSUMER_STACK = """
import pulumi
from fast_container import ExistingBaseImage, FastContainerImage

shared = pulumi.StackReference("organization/engine-test/base")
base = ExistingBaseImage(shared.require_output("url"), shared.require_output("key"))
repository = pulumi.Config().require("images")
FastContainerImage("api", repository=repository, context="api", base_images={"BASE_IMAGE": base})
"""


class TwoStacks:
    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.base = stacks(BASE_STACK, folder="base", name="base")
        self.base.configure({"engine-test:bases": stacks.repository("shared-bases")})
        self.consumer = stacks(CONSUMER_STACK, folder="consumer", name="consumer")
        self.consumer.configure({"engine-test:images": stacks.repository("consumers")})
        self.edit("one")
        self.base.file("deps/Dockerfile", "FROM busybox\nCOPY deps.txt /\n")
        self.consumer.file("api/Dockerfile", CONSUMER)
        self.consumer.file("api/own.txt", "api")

    def edit(self, content: str) -> None:
        self.base.file("deps/deps.txt", content)

    @cached_property
    def first(self) -> tuple[Run, Run]:
        return self.base.up(), self.consumer.up()

    @cached_property
    def changed(self) -> tuple[Run, Run]:
        assert self.first
        self.edit("two")
        return self.base.up(), self.consumer.up()

    @cached_property
    def lost(self) -> Run:
        self.stacks.delete_tag("shared-bases", self.changed[0].records["deps"]["tag"])
        self.consumer.file("api/own.txt", "api two")
        return self.consumer.up(expect=1)


@pytest.fixture(scope="module")
def two(stacks: Stacks) -> TwoStacks:
    return TwoStacks(stacks)


def test_a_base_of_another_stack_is_used_through_its_outputs(two: TwoStacks) -> None:
    base, consumer = two.first
    below: Any = two.stacks.layers("shared-bases", base.records["deps"]["digest"])
    assert two.stacks.layers("consumers", consumer.records["api"]["digest"])[: len(below)] == below


def test_a_base_that_changed_in_its_own_stack_rebuilds_the_consumer_in_the_other(two: TwoStacks) -> None:
    base, consumer = two.changed
    assert consumer.steps == {"api-build": "update"}
    assert "/shared-bases changed\n" in "".join(consumer.messages(on="api"))
    below = two.stacks.layers("shared-bases", base.records["deps"]["digest"])
    assert two.stacks.layers("consumers", consumer.records["api"]["digest"])[: len(below)] == below


def test_a_base_that_is_gone_from_another_stack_is_an_error_that_says_where_to_make_it(two: TwoStacks) -> None:
    run = two.lost
    assert run.builds == 0
    assert "/shared-bases' is not in the registry." in run.errors
    assert "Deploy the stack that makes it" in run.errors


def test_a_pin_that_cannot_be_deployed_is_refused_in_preview_with_what_is_there(bases: Bases) -> None:
    run, records = bases.refused_pins, bases.first.records
    missing = records["worker"]["tag"]
    assert (
        "FastContainerImage 'worker': The pinned key is not in the registry, and a pinned image is never built."
        in run.errors
    )
    assert f"the nearest there: {missing}" in run.errors
    assert "the record beside it says alone, not api" in run.errors


def test_pinned_images_are_deployed_without_docker_and_those_on_a_pinned_base_are_found_again(bases: Bases) -> None:
    run, first = bases.rolled_back, bases.first.records
    assert run.builds == 0
    assert run.seconds < bases.first.seconds + 10, "nothing waits for a docker that is not there"
    for name in ("worker", "named"):
        assert run.records[name]["digest"] == first[name]["digest"]
    assert run.records["python-deps"]["digest"] == first["deps"]["digest"]
    assert run.records["api"]["digest"] == bases.renamed.records["api"]["digest"]
    # Nothing pins this one: its key is what it was on the base as it was, so nothing has to be built.
    assert run.records["named"]["build_key"] == first["named"]["build_key"]


def test_the_row_of_a_pinned_image_says_how_its_source_differs(bases: Bases) -> None:
    said = bases.rolled_back.messages(on="python-deps")
    tag = bases.first.records["deps"]["tag"]
    assert said[0] == f"pinned to {tag}; the source here differs: 1 file changed (deps.txt)\n"
    assert any(line.startswith("reused from the registry") for line in said)
    assert bases.rolled_back.messages(on="api")[0].endswith("no file; its Dockerfile, arguments or base images\n")
