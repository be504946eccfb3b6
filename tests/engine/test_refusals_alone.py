"""One refused image is one message; the others are untouched or not begun."""

from __future__ import annotations

from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import BaseImage, FastContainerImage, SecretEnv

config = pulumi.Config()
repository, bad = config.require("repository"), config.get("bad") or ""
deps = BaseImage("deps", repository=repository, context="app")
# Awaited values: what is wrong is found while images are prepared, not at the image's line.
late = pulumi.Output.from_input("app.txt" if bad != "source" else "nowhere.txt")
for n in range(4):
    FastContainerImage(f"good{n}", repository=repository, context="app", triggers={"n": str(n)})
if bad == "base":
    FastContainerImage("bad", repository=repository, context="app", base_images={"BASE_IMAGE": deps})
if config.get_bool("worse"):
    FastContainerImage("worse", repository=repository, context="app", build_args={"X": pulumi.Output.secret("y")})
if bad == "secret":
    FastContainerImage("bad", repository=repository, context="secret", secrets={"token": SecretEnv("SURELY_NOT_SET")})
FastContainerImage("last", repository=repository, context="last", build_args={"SOURCE": late})
"""


class Refused:
    """The steps, in their order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.configure({"engine-test:repository": stacks.repository("images")})
        self.stack.file("app/Dockerfile", "FROM scratch\nCOPY app.txt /\n")
        self.stack.file("app/app.txt", "one")
        self.stack.file("last/Dockerfile", "FROM scratch\nARG SOURCE\nCOPY ${SOURCE} /\n")
        self.stack.file("last/app.txt", "one")
        self.stack.file("secret/Dockerfile", "FROM busybox\nRUN --mount=type=secret,id=token true\n")

    @cached_property
    def previews(self) -> dict[str, Run]:
        found: dict[str, Run] = {}
        for bad in ("base", "source", "secret"):
            self.stack.configure({"engine-test:bad": bad, "engine-test:worse": str(bad == "base").lower()})
            found[bad] = self.stack.preview(expect=1)
        return found

    @cached_property
    def up(self) -> Run:
        assert self.previews
        self.stack.configure({"engine-test:bad": "base"})
        return self.stack.up(expect=1)

    @cached_property
    def mended(self) -> Run:
        assert self.up
        self.stack.configure({"engine-test:bad": ""})
        return self.stack.up()


@pytest.fixture(scope="module")
def refused(stacks: Stacks) -> Refused:
    return Refused(stacks)


def told_alone(run: Run) -> str:
    """The one error of a run."""
    assert "connection refused" not in run.output.lower()
    assert "connect" not in run.errors.lower()
    assert "KeyboardInterrupt" not in run.output
    assert "Traceback" not in run.output
    (error,) = [line for line in run.messages("error") if "FastContainerImage" in line]
    return error


def test_a_refusal_that_is_found_while_images_are_prepared_is_one_message(refused: Refused) -> None:
    error = told_alone(refused.previews["base"])
    assert 'where: base_images["BASE_IMAGE"]' in error or 'where: build_args["X"]' in error
    error = told_alone(refused.previews["source"])
    assert "FastContainerImage 'last'" in error
    assert "nowhere.txt" in error


def test_a_secret_that_is_not_there_is_refused_in_the_preview_of_its_build(refused: Refused) -> None:
    error = told_alone(refused.previews["secret"])
    assert "SURELY_NOT_SET" in error
    assert 'where: secrets["token"]' in error


def test_up_refuses_with_the_same_message_and_leaves_nothing_half_done(refused: Refused) -> None:
    assert 'where: base_images["BASE_IMAGE"]' in told_alone(refused.up)
    assert refused.up.pending == []
    assert "bad" not in refused.up.records
    # What had begun is finished: each build has its record.
    assert refused.up.builds == len(refused.up.records)


def test_what_the_refusal_kept_from_beginning_is_done_by_the_next_up(refused: Refused) -> None:
    assert refused.mended.records.keys() == {"deps", "good0", "good1", "good2", "good3", "last"}
