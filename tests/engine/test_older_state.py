"""A stack that an earlier version deployed: the version here finds nothing to do in it."""

from __future__ import annotations

import shutil
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

OLDER = Path(__file__).parent / "older_state"
IMAGES = {"dependencies", "fleet-api", "fleet-worker", "front", "reports"}


class Story:
    """The stack of the earlier version, as if its first `up` had been here."""

    def __init__(self, stacks: Stacks) -> None:
        self.stack: EngineStack = stacks("", project="older", passphrase=True)
        shutil.copytree(OLDER / "program", self.stack.folder, dirs_exist_ok=True)
        aws = version("pulumi-aws")
        text = (OLDER / "state.json").read_text()
        for placeholder, value in {
            "{registry}": stacks.cloud.registry_host,
            "{aws}": stacks.cloud.aws_endpoint.removeprefix("http://"),
            "{aws version}": aws,
            "{aws_version}": aws.replace(".", "_"),
        }.items():
            text = text.replace(placeholder, value)
        self.stack.restore(text)

    @cached_property
    def preview(self) -> Run:
        return self.stack.preview("--diff")


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_the_preview_of_an_older_stack_shows_no_change(story: Story) -> None:
    assert story.preview.changes == {}, story.preview.output
    assert story.preview.steps == {}


def test_keys_and_image_uris_are_those_that_the_older_version_recorded(story: Story) -> None:
    recorded = story.preview.records
    assert set(recorded) == IMAGES
    for name, record in recorded.items():
        now = story.preview.outputs_of(f"{name}-build")
        assert (now["build_key"], now["digest"]) == (record["build_key"], record["digest"]), name


def test_a_preview_says_the_names_of_today_for_those_of_the_older_program(story: Story) -> None:
    """On a row, where a user sees it: Python shows a program's own deprecation warnings, not those of a library."""
    for old, new in (("timeout", "timeout_s"), ("concurrent_build_limit", "max_parallel")):
        said = [text for text in story.preview.messages("warning") if f"{old} is called {new} now" in text]
        assert len(said) == 1
        assert said[0].lstrip().startswith(("CodeBuildBuilder 'builds'", "warning: CodeBuildBuilder 'builds'"))
    assert story.preview.output.count("DeprecationWarning") == 0
