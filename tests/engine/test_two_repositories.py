"""One image in two repositories, on the real engine: built once, copied by digest, moved without a build."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, ImageRepository

config = pulumi.Config()
for name in ("one", "two"):
    repository = config.require(name)
    if repository == "new":
        repository = ImageRepository("new", name="{prefix}/new")
    FastContainerImage(name, repository=repository, context="app", runs_on="ecs")
"""
SECOND = """
import pulumi
from fast_container import FastContainerImage

FastContainerImage("one", repository=pulumi.Config().require("repository"), context="app", runs_on="ecs")
"""


class TwoRepositories:
    """The steps, in their order; each runs once, after those before it."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.urls = {name: stacks.repository(name) for name in ("one", "two", "three")}
        for name in ("one", "two"):
            self.stack.configure({f"engine-test:{name}": self.urls[name]})
        self.stack.file(
            "app/Dockerfile", "FROM busybox\nCOPY own.txt /own.txt\nRUN head -c 300000 /dev/urandom >/big\n"
        )
        self.stack.file("app/own.txt", "one")

    @cached_property
    def preview_of_first(self) -> Run:
        return self.stack.preview()

    @cached_property
    def first(self) -> Run:
        assert self.preview_of_first
        return self.stack.up(env={"FAST_CONTAINER_RECORDS_WAIT_S": "20"})

    @cached_property
    def unchanged(self) -> Run:
        assert self.first
        return self.stack.up()

    @cached_property
    def preview_of_move(self) -> Run:
        assert self.unchanged
        self.stack.configure({"engine-test:two": self.urls["three"]})
        return self.stack.preview()

    @cached_property
    def moved(self) -> Run:
        assert self.preview_of_move
        return self.stack.up(env=self.stacks.without_docker(self.stack))

    def command_line(self, *arguments: str) -> dict[str, Any]:
        """What ``fast-container`` prints, as an object."""
        command = [str(Path(sys.executable).with_name("fast-container")), *arguments, "--json"]
        done = subprocess.run(
            command, cwd=self.stack.folder, env=self.stack.environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    @cached_property
    def promoted(self) -> list[dict[str, Any]]:
        """What two runs of ``promote`` have done, and what lies beside the image in the target."""
        assert self.moved
        target = self.stacks.repository("production")
        (copied,) = [line for name in ("one", "two") for line in self.first.messages(on=name) if "copied" in line]
        source = next(url for url in self.urls.values() if f"copied from {url}:" in copied)
        asked = "promote", f"{source}:{self.first.records['one']['tag']}", "--to", target, "--referrers"
        said = [self.command_line(*asked)["images"][0] for _ in range(2)]
        return [*said, self.command_line("pin", "--repository", target)["keys"][0]]

    @cached_property
    def second_stack(self) -> Run:
        """The same sources in another stack, whose repository is the one that was promoted to."""
        target = self.promoted[0]["target"]
        stack = self.stacks(SECOND, folder="second", name="second")
        shutil.copytree(self.stack.folder / "app", stack.folder / "app")
        stack.configure({"engine-test:repository": target})
        return stack.up(env=self.stacks.without_docker(stack))

    @cached_property
    def preview_of_move_to_a_new_one(self) -> Run:
        assert self.second_stack
        self.stack.configure({"engine-test:two": "new"})
        return self.stack.preview()


@pytest.fixture(scope="module")
def two(stacks: Stacks) -> TwoRepositories:
    return TwoRepositories(stacks)


def test_preview_says_of_which_repository_the_other_one_gets_its_copy(two: TwoRepositories) -> None:
    said = {name: two.preview_of_first.messages(on=name) for name in ("one", "two")}
    ((builds, (built, *_)), (_, (copied,))) = sorted(said.items(), key=lambda row: "copied" in row[1][0])
    assert built == "will be built: first build\n"
    assert copied == f"will be copied from {two.urls[builds]}, where it is built first: first build\n"


def test_an_image_for_two_repositories_is_built_once_and_tagged_in_both(two: TwoRepositories) -> None:
    run = two.first
    assert run.builds == 1
    one, other = run.records["one"], run.records["two"]
    assert one["digest"] == other["digest"]
    assert two.stacks.tags("one") == two.stacks.tags("two") == {one["tag"]: one["digest"]}


def test_the_second_repository_gets_a_copy_that_really_travels_since_mounts_are_refused(two: TwoRepositories) -> None:
    said = two.first.messages(on="one") + two.first.messages(on="two")
    (copied,) = [line for line in said if line.startswith("copied")]
    found = re.fullmatch(r"copied from (\S+): (\S+) MB\n", copied)
    assert found is not None
    assert found[1] in (two.urls["one"], two.urls["two"])
    assert float(found[2]) >= 0.3


def test_what_was_copied_is_complete(two: TwoRepositories) -> None:
    digest = two.first.records["one"]["digest"]
    assert two.stacks.layers("one", digest) == two.stacks.layers("two", digest)


def test_nothing_changed_is_nothing_done(two: TwoRepositories) -> None:
    assert (two.unchanged.changes, two.unchanged.builds) == ({}, 0)


def test_preview_says_that_a_moved_image_will_be_copied(two: TwoRepositories) -> None:
    (said,) = two.preview_of_move.messages(on="two")
    assert said.startswith("will be copied from ")


def test_an_image_that_moves_to_another_repository_is_copied_without_docker(two: TwoRepositories) -> None:
    run = two.moved
    assert run.builds == 0
    assert run.records["two"]["repository_url"] == two.urls["three"]
    assert run.records["two"]["digest"] == two.first.records["two"]["digest"]
    assert two.stacks.tags("three") == two.stacks.tags("two")


def test_a_promoted_image_is_found_by_the_second_stack_which_builds_nothing(two: TwoRepositories) -> None:
    first, second, key = two.promoted
    record = two.moved.records["one"]
    assert (first["outcome"], first["digest"], first["referrers"]) == ("copied", record["digest"], 1)
    assert (second["outcome"], second["sent_bytes"]) == ("there", 0)
    assert two.stacks.tags("production") == {record["tag"]: record["digest"]}
    assert two.second_stack.builds == 0
    assert two.second_stack.records["one"]["digest"] == record["digest"]
    assert "reused from the registry\n" in two.second_stack.messages(on="one")
    # Its record went along: the key says what it is of.
    assert (len(key["built_as"]), key["build_key"]) == (1, record["build_key"])


def test_a_move_to_a_repository_that_is_made_in_the_same_update_is_a_copy_too(two: TwoRepositories) -> None:
    (said,) = two.preview_of_move_to_a_new_one.messages(on="two")
    assert said.startswith("will be copied from ")
    assert said.endswith(": its repository changed\n")
