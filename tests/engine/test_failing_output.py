"""An Output of the user's that fails at once: the program ends with its message, never with a signal."""

from __future__ import annotations

import pytest
from conftest import Stacks

PROGRAM = """
import pulumi
from fast_container import FastContainerImage

failing = pulumi.Output.from_input(0).apply(lambda number: str(1 / number))
FastContainerImage(
    "app", repository="127.0.0.1:1/shop/images", context="app", {argument}={{"A": failing}}
)
"""


@pytest.mark.parametrize("argument", ["build_args", "secrets"])
def test_the_output_itself_says_what_is_wrong(stacks: Stacks, argument: str) -> None:
    stack = stacks(PROGRAM.format(argument=argument), folder=argument, name=argument.replace("_", "-"))
    stack.file("app/Dockerfile", "FROM scratch\nCOPY . /\n")
    failed = stack.preview(expect=1)
    assert "division by zero" in failed.output
    assert "exit code: -" not in failed.output
