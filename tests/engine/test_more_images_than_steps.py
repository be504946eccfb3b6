"""More images than the engine runs steps at once, and fewer builds at once than that."""

from __future__ import annotations

from conftest import Stacks

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

one = LocalBuilder(max_parallel=1)
for number in range(6):
    FastContainerImage(
        f"image-{number}",
        repository=pulumi.Config().require("repository"),
        context="small",
        builder=one,
        build_args={"NUMBER": str(number)},
    )
"""


def test_builds_that_wait_for_their_turn_begin_while_the_engine_has_no_place_left(stacks: Stacks) -> None:
    stack = stacks(PROGRAM)
    stack.configure({"engine-test:repository": stacks.repository("images")})
    stack.file("small/Dockerfile", "FROM scratch\nARG NUMBER\nLABEL number=$NUMBER\nCOPY Dockerfile /\n")
    run = stack.up("--parallel=3")
    assert run.builds == 6
    assert not run.errors
