"""An `up` that ends in the middle: nothing lives on, nothing unverified is tagged, the next one works."""

from __future__ import annotations

import os
import signal
import time

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Operation, Run, wait_until

pytestmark = pytest.mark.plain_python("signals and kills meet the processes that users have")

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

config = pulumi.Config()
builder = LocalBuilder(max_parallel=2)
for number in range(config.require_int("images")):
    image = FastContainerImage(
        f"image-{number}",
        repository=config.require("repository"),
        builder=builder,
        context="context",
        build_args={"NUMBER": str(number), "ROUND": config.require("round")},
        # No part of the key: what an interrupted round left to do is done without waiting.
        secrets={"seconds": config.require("seconds")},
    )
"""
DOCKERFILE = """
FROM busybox
ARG NUMBER
ARG ROUND
RUN --mount=type=secret,id=seconds echo begun $NUMBER $ROUND; sleep $(cat /run/secrets/seconds); echo ended
"""
GONE_S = 10
LANGUAGE_HOST = "/pulumi-language-python "


class Interrupted:
    """One stack; each round builds other images in it, so that rounds do not meet."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("context/Dockerfile", DOCKERFILE)
        self.stack.configure({"engine-test:repository": stacks.repository("images")})

    def begin(self, name: str, *arguments: str, images: int, seconds: float) -> Operation:
        """Start an `up` and wait until two of its builds run."""
        self.configure(name, images=images, seconds=seconds)
        before = set(self.stack.logs)
        operation = self.stack.start("up", *arguments)

        def running() -> bool:
            return sum("begun" in log.read_text() for log in set(self.stack.logs) - before) >= 2

        operation.wait_until(running, "two builds that run")
        return operation

    def configure(self, name: str, *, images: int, seconds: float) -> None:
        self.stack.configure(
            {"engine-test:round": name, "engine-test:images": str(images), "engine-test:seconds": str(seconds)}
        )

    def tags(self) -> set[str]:
        return set(self.stacks.tags("images"))

    def nothing_lives_on(self, *but: str) -> bool:
        def ended() -> bool:
            return not [line for line in self.stack.processes() if not any(text in line for text in but)]

        return wait_until(ended, GONE_S)

    def next_up_just_works(self, name: str, tags_before: set[str], images: int = 2) -> Run:
        self.configure(name, images=images, seconds=0)
        run = self.stack.up()
        assert len(self.tags() - tags_before) == images
        assert len(run.records) == images
        assert {record["tag"] for record in run.records.values()} <= self.tags()
        assert run.pending == []
        assert list(self.stack.temporary.glob("fast-container-*")) == []
        return run


@pytest.fixture(scope="module")
def place(stacks: Stacks) -> Interrupted:
    return Interrupted(stacks)


def test_after_the_first_ctrl_c_running_builds_end_and_count_and_none_begins(place: Interrupted) -> None:
    before = place.tags()
    operation = place.begin("first ctrl-c", images=4, seconds=3)
    operation.interrupt()
    run = operation.wait()
    assert run.exit_code != 0
    assert run.builds == 2
    assert len(run.records) == len(place.tags() - before) == 2
    assert sum("A second Ctrl-C stops them" in line for line in run.messages("info")) == 1
    assert "Traceback" not in run.output
    assert place.nothing_lives_on(), place.stack.processes()
    again = place.next_up_just_works("first ctrl-c", before, images=4)
    assert again.builds == 2


def test_after_the_first_ctrl_c_none_begins_when_the_engine_has_no_place_left_either(place: Interrupted) -> None:
    before = place.tags()
    operation = place.begin("ctrl-c, full", "--parallel=3", images=5, seconds=3)
    operation.interrupt()
    run = operation.wait()
    assert run.exit_code != 0
    assert run.builds == 2
    assert len(place.tags() - before) == 2
    assert place.nothing_lives_on(), place.stack.processes()


def test_after_the_second_ctrl_c_nothing_lives_on_and_nothing_is_tagged(place: Interrupted) -> None:
    before = place.tags()
    operation = place.begin("second ctrl-c", images=2, seconds=4)
    operation.interrupt()
    time.sleep(0.3)
    operation.interrupt()
    operation.process.wait(timeout=20)
    assert place.nothing_lives_on(), place.stack.processes()
    assert place.tags() == before
    operation.wait()
    place.next_up_just_works("second ctrl-c", before)


def test_after_a_kill_of_the_cli_nothing_lives_on_and_nothing_is_tagged(place: Interrupted) -> None:
    before = place.tags()
    operation = place.begin("killed cli", images=2, seconds=4)
    operation.kill()
    operation.process.wait(timeout=5)
    assert place.nothing_lives_on(LANGUAGE_HOST), place.stack.processes()
    assert place.tags() == before
    # Pulumi's language host looks only every five minutes whether its engine is there.
    for pid in operation.pids(LANGUAGE_HOST):
        os.kill(pid, signal.SIGKILL)
    operation.wait()
    # The file backend keeps a killed CLI's lock; removing it is Pulumi's own step.
    place.stack.cli("cancel", "--yes", "--stack", place.stack.name)
    place.next_up_just_works("killed cli", before)


def test_after_a_kill_of_the_program_nothing_lives_on_and_nothing_is_tagged(place: Interrupted) -> None:
    before = place.tags()
    operation = place.begin("killed program", images=2, seconds=4)
    programs = [pid for pid in operation.pids("language-python-exec") if "python" in os.readlink(f"/proc/{pid}/exe")]
    assert programs
    for pid in programs:
        os.kill(pid, signal.SIGKILL)
    run = operation.wait(timeout=60)
    assert run.exit_code != 0
    assert place.nothing_lives_on(), place.stack.processes()
    assert place.tags() == before
    place.next_up_just_works("killed program", before)


def test_after_a_kill_of_buildkit_nothing_is_tagged_and_the_next_up_works(place: Interrupted) -> None:
    before = place.tags()
    operation = place.begin("killed buildkit", images=2, seconds=4)
    place.stacks.cloud.kill_buildkit()
    try:
        run = operation.wait(timeout=60)
    finally:
        place.stacks.cloud.start_buildkit()
    assert run.exit_code != 0
    assert "lost the connection to BuildKit" in run.errors
    assert "Traceback" not in run.output
    assert place.nothing_lives_on(), place.stack.processes()
    assert place.tags() == before
    place.next_up_just_works("killed buildkit", before)
