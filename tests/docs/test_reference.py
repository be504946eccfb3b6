"""What a program or a call may say stands in the reference pages; the texts are compared with the code."""

from __future__ import annotations

import argparse
import inspect
import re
from pathlib import Path

import pytest

import fast_container
from fast_container.adapters.codebuild.own_zipapp import program_bytes
from fast_container.cli.arguments import all_verbs as command_line

COMPONENTS = Path(__file__).parents[2] / "components"
DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference.md").read_text(encoding="utf-8")
VERBS = (DOCS / "command-line.md").read_text(encoding="utf-8")
# What a base has of every image, and an argument whose only value is its default.
UNSAID = {"BaseImage": {"repository"}, "CodeBuildBuilder": {"privileged"}}
DOCUMENTED_ELSEWHERE = {"CodeBuildBuilder": "codebuild.md", "VpcConfig": "codebuild.md"}


@pytest.mark.parametrize("name", fast_container.__all__)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    page = (DOCS / DOCUMENTED_ELSEWHERE.get(name, "reference.md")).read_text(encoding="utf-8")
    assert re.search(rf"\b{name}\b", page)


@pytest.mark.parametrize(
    "name",
    [
        *("FastContainerImage", "BaseImage", "FastImageFleet", "ImageRepository", "LocalBuilder", "CodeBuildBuilder"),
        "BuildMetrics",
    ],
)
def test_every_argument_is_in_the_section_of_its_component(name: str) -> None:
    page = (DOCS / DOCUMENTED_ELSEWHERE.get(name, "reference.md")).read_text(encoding="utf-8")
    section = page.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0] or page
    common = set(fast_container.ImageOptions.__annotations__) if name != "FastContainerImage" else set()
    component = getattr(fast_container, name)
    given = set(inspect.signature(component).parameters) - common
    given -= set(re.findall(r"^ *(\w+): The former name of ", component.__doc__, re.MULTILINE))
    for argument in given - {"name", "resource_name", "opts"} - UNSAID.get(name, set()):
        assert f"`{argument}`" in section or f"{argument}=" in section, argument


@pytest.mark.parametrize("name", ["AwsAccess", "AssumedRole", "RegistryCache"])
def test_every_field_of_a_value_is_in_the_reference(name: str) -> None:
    # Credentials and tokens are what a machine has, and no argument of a program.
    unsaid = {"web_identity", "access_key", "secret_key", "session_token"}
    for field in set(inspect.signature(getattr(fast_container, name)).parameters) - unsaid - {"role_arn"}:
        assert f"`{field}`" in REFERENCE or f"{field}=" in REFERENCE, field


def test_every_environment_variable_is_in_the_reference() -> None:
    found: set[str] = set()
    for module in COMPONENTS.rglob("*.py"):
        found |= set(re.findall(r'^[A-Z_]+(?:: Final)? = "(FAST_CONTAINER_[A-Z_]+)"', module.read_text(), re.MULTILINE))
    # Inside a remote build: our own.
    found -= {"FAST_CONTAINER_KEY", "FAST_CONTAINER_REPOSITORY", "FAST_CONTAINER_IMAGES", "FAST_CONTAINER_SECRET_"}
    listed = set(re.findall(r"^\| `(FAST_CONTAINER_[A-Z_]+)` \|", REFERENCE, re.MULTILINE))
    assert found == listed


def test_every_verb_is_in_the_page_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()
    add = argparse._SubParsersAction.add_parser

    def noted(self: argparse._SubParsersAction, name: str, **rest: object) -> argparse.ArgumentParser:
        seen.add(name)
        return add(self, name, **rest)

    monkeypatch.setattr(argparse._SubParsersAction, "add_parser", noted)
    with pytest.raises(SystemExit):
        command_line.parse(["--help"])
    table = VERBS.partition("| verb |")[2].partition("\n\n")[0]
    assert seen == set(re.findall(r"`([a-z-]+)`", " ".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE))))


def test_the_library_that_a_build_is_sent_is_as_large_as_the_page_says() -> None:
    said = re.search(r"builds \((\d+) kB\)", (DOCS / "codebuild.md").read_text(encoding="utf-8"))
    assert said
    assert 0.8 < len(program_bytes()) / 1000 / int(said[1]) < 1.25


def test_the_readme_quotes_the_benchmarks_and_nothing_else() -> None:
    quoted = _figures((DOCS.parent / "README.md").read_text(encoding="utf-8"), "## Compared")
    measured = _figures((DOCS / "benchmarks.md").read_text(encoding="utf-8"), "### Other tools")
    assert len(quoted) == len(measured)
    for ours, theirs in zip(quoted, measured, strict=True):
        assert ours == theirs[: len(ours)]


def _figures(page: str, heading: str) -> list[list[str]]:
    """The figures of the first table below a heading, row by row."""
    rows = [line for line in page.partition(heading)[2].partition("|---")[2].split("\n\n")[0].splitlines()[1:]]
    return [[cell.strip().replace("*", "") for cell in row.strip("|").split("|")[1:]] for row in rows]
