"""A generated base image in a preview of the real engine: what it says of versions that nobody chose."""

from __future__ import annotations

import json

from conftest import Stacks

PROGRAM = """
import pulumi
from fast_container import BaseImage, FastContainerImage

config = pulumi.Config()
images, bases = config.require("images"), config.require("bases")
deps = BaseImage("deps", repository=bases, packages=["orders"], install="dependencies", runs_on="ecs")
top = BaseImage("top", repository=bases, requirements=["more.txt"], install="dependencies", parent=deps)
for name in ("api", "worker"):
    FastContainerImage(name, repository=images, context=name, base_images={"BASE_IMAGE": deps})
"""
PROJECT = """
[project]
name = "orders"
version = "1"
dependencies = ["requests", "idna==3.10"]
"""


def test_preview_says_open_versions_once_on_the_base_s_row_and_nowhere_else(stacks: Stacks) -> None:
    stack = stacks(PROGRAM)
    for kind in ("images", "bases"):
        stack.configure({f"engine-test:{kind}": stacks.repository(kind)})
    stack.file("orders/pyproject.toml", PROJECT)
    stack.file("more.txt", "six==1.17.0\n")
    for name in ("api", "worker"):
        stack.file(f"{name}/Dockerfile", "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    run = stack.preview()
    said = [line for line in run.messages() if "requests" in line]
    assert said == [line for line in run.messages("info", on="deps") if "requests" in line]
    assert len(said) == 1
    assert "the version of a distribution is open (requests)" in said[0]
    assert "a rebuild may get others" in said[0]
    # A base above it becomes root for its installation, and its parent's user again.
    plan = json.loads((stack.folder / "fast-container.plan.json").read_text())
    assert "USER 0:0" in json.dumps(plan)
    assert json.dumps(plan).count("USER 65532:65532") == 2
