"""Files that a resource makes in the same `up` count for the images that come after it, and nothing goes stale."""

from __future__ import annotations

from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import FastContainerImage
from generator import Generated

config = pulumi.Config()
repository = config.require("repository")
generated = Generated("generated", "context/generated.txt", config.require("text"))
# Reads the same directory before anything was generated in it.
early = FastContainerImage("early", repository=repository, context="context", dockerfile="early.Dockerfile")
late = FastContainerImage(
    "late", repository=repository, context="context", opts=pulumi.ResourceOptions(depends_on=[generated])
)
by_trigger = FastContainerImage(
    "by-trigger", repository=repository, context="context", triggers={"made": generated.place}
)
"""
GENERATOR = """
import pathlib
import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

class Provider(ResourceProvider):
    serialize_as_secret_always = False
    def diff(self, _id, old, new):
        return DiffResult(changes=old["text"] != new["text"])
    def create(self, props):
        pathlib.Path(props["file"]).write_text(props["text"])
        return CreateResult("made", {**props, "place": props["file"]})
    def update(self, _id, old, new):
        pathlib.Path(new["file"]).write_text(new["text"])
        return UpdateResult({**new, "place": new["file"]})

class Generated(Resource, module="test", name="Generated"):
    place: pulumi.Output[str]
    def __init__(self, name, file, text):
        super().__init__(Provider(), name, {"file": str(pathlib.Path(file).absolute()), "text": text, "place": None})
"""


def test_an_image_sees_the_files_that_its_dependencies_make(stacks: Stacks) -> None:
    stack: EngineStack = stacks(PROGRAM)
    stack.file("generator.py", GENERATOR)
    stack.file("context/Dockerfile", "FROM scratch\nCOPY . /\n")
    stack.file("early.Dockerfile", "FROM scratch\nCOPY fixed.txt /\n")
    stack.file("context/fixed.txt", "fixed")
    repository = stacks.repository("images")

    def up(text: str) -> Run:
        stack.configure({"engine-test:repository": repository, "engine-test:text": text})
        return stack.up()

    first = up("one")
    assert first.changes["create"] >= 4
    both = {name: first.records[name] for name in ("late", "by-trigger")}
    assert {name: record["counts"]["context"].split("/")[0] for name, record in both.items()} == {
        "late": "3",
        "by-trigger": "3",
    }
    again = up("two")
    # Any change of the configuration updates the provider of dynamic resources too.
    steps = {name: step for name, step in again.steps.items() if name != "default"}
    assert steps == {"generated": "update", "late-build": "update", "by-trigger-build": "update"}
    assert all(again.records[name]["build_key"] != record["build_key"] for name, record in both.items())
