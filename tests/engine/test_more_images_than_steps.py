"""More images than the engine runs steps at once, and fewer builds at once than that."""

from __future__ import annotations

import pytest
from conftest import Stacks
from engine_stack import EngineStack

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

builder = LocalBuilder(max_parallel=pulumi.Config().require_int("at_once"))
for number in range(6):
    FastContainerImage(
        f"image-{number}",
        repository=pulumi.Config().require("repository"),
        context="small",
        builder=builder,
        build_args={"NUMBER": str(number), "ROUND": pulumi.Config().require("at_once")},
    )
"""


@pytest.fixture(scope="module")
def stack(stacks: Stacks) -> EngineStack:
    made = stacks(PROGRAM)
    made.configure({"engine-test:repository": stacks.repository("images")})
    made.file("small/Dockerfile", "FROM scratch\nARG NUMBER\nARG ROUND\nLABEL n=$NUMBER$ROUND\nCOPY Dockerfile /\n")
    return made


def test_builds_that_wait_for_their_turn_begin_while_the_engine_has_no_place_left(stack: EngineStack) -> None:
    stack.configure({"engine-test:at_once": "1"})
    run = stack.up("--parallel=3")
    assert run.builds == 6
    assert not run.errors
    assert not [line for line in run.messages("warning") if "--parallel" in line]


def test_an_update_without_preview_says_the_flag_that_lets_all_builds_run(stack: EngineStack) -> None:
    stack.configure({"engine-test:at_once": "4"})
    run = stack.up("--parallel=2")
    assert run.builds == 6
    (warning,) = [line for line in run.messages("warning") if "--parallel" in line]
    assert "`--parallel 6`" in warning


def test_more_new_images_than_the_program_has_threads_are_built(stack: EngineStack) -> None:
    """The event loop's own pool has four threads for each parallel step; each waits for a record, and it for a hook."""
    stack.configure({"engine-test:at_once": "2"})
    run = stack.up("--parallel=1")
    assert run.builds == 6
    assert not run.errors
