"""Of builds that wait for a place on the real engine, one that others start from gets the next."""

from __future__ import annotations

import pytest
from conftest import Stacks
from engine_stack import Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, LocalBuilder

common = {"repository": pulumi.Config().require("images"), "builder": LocalBuilder(max_parallel=1), "runs_on": "ecs"}
for name in ("one", "two", "three"):
    FastContainerImage(name, context=name, **common)
deps = FastContainerImage("deps", context="deps", **common)
FastContainerImage("api", context="api", base_images={"BASE_IMAGE": deps}, **common)
"""
ON_BASE = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY own.txt /\n"
# Long enough for all others to wait behind it.
SLOW = "FROM busybox\nCOPY own.txt /own.txt\nRUN sleep 2\n"


@pytest.fixture(scope="module")
def run(stacks: Stacks) -> Run:
    stack = stacks(PROGRAM)
    stack.configure({"engine-test:images": stacks.repository("images")})
    for name in ("one", "two", "three", "deps", "api"):
        stack.file(f"{name}/Dockerfile", ON_BASE if name == "api" else SLOW)
        stack.file(f"{name}/own.txt", name)
    return stack.up()


def test_a_base_is_built_next_though_others_have_waited_longer(run: Run) -> None:
    ends = [line for line in run.messages("info") if line.startswith("built in")]
    names = [name for line in ends for name in ("one", "two", "three", "deps", "api") if line in run.messages(on=name)]
    assert sorted(names) == ["api", "deps", "one", "three", "two"]
    assert names.index("deps") <= 1
