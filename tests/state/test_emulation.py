"""A preview says that a builder cannot run an image's platform, and names both ways out."""

from __future__ import annotations

import asyncio
import platform as machine
from pathlib import Path
from typing import Any, cast

import pytest

from fast_container.builders import LocalBuilder
from fast_container.core.oci.platform import normal_platform
from fast_container.core.select import SharedWalks, select_image
from fast_container.state.emulation import say_what_cannot_run
from fast_container.state.program import PlannedImage, Program
from tests.build.fakes import ListReporter
from tests.trees import declare, write_tree

OWN = normal_platform(f"linux/{machine.machine()}")
OTHER = "linux/amd64" if OWN == "linux/arm64" else "linux/arm64"


class Plan:
    """As much of a program and of a planned image as is asked."""

    def __init__(self, tree: Path, dockerfile: str, platform: str, name: str | None = None) -> None:
        write_tree(tree, {"Dockerfile": dockerfile})
        self.selected = select_image(declare(tree, platform=platform), SharedWalks())
        self.builder, self.reporter = LocalBuilder(name=name), ListReporter()


class Asked:
    def __init__(self) -> None:
        self.builder_platforms: dict[str | None, Any] = {}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A buildx that runs this machine's platform alone, and notes that it was asked."""
    count = tmp_path / "count"
    buildx = tmp_path / "docker-buildx"
    buildx.write_text(f"#!/bin/sh\necho asked >> {count}\necho 'Platforms: {OWN}*'\n")
    buildx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return count


def said(*plans: Plan) -> list[list[str]]:
    program = Asked()

    async def ask() -> None:
        for plan in plans:
            await say_what_cannot_run(cast("Program", program), cast("PlannedImage", plan))

    asyncio.run(ask())
    return [plan.reporter.warnings for plan in plans]


RUNS = "FROM busybox\nRUN true\n"


def test_the_emulator_and_codebuild_are_named_and_the_builder_is_asked_once(asked: Path, tmp_path: Path) -> None:
    warned = said(*(Plan(tmp_path / name, RUNS, OTHER) for name in ("a", "b")))
    for (line,) in warned:
        assert OTHER in line and "binfmt" in line and "CodeBuildBuilder" in line
    assert asked.read_text().count("asked") == 1


def test_what_the_builder_runs_or_need_not_run_is_no_warning(asked: Path, tmp_path: Path) -> None:
    last = "FROM busybox\nCOPY --from=made / /\n"
    crossed = f"FROM --platform={OWN} busybox AS first\nRUN true\nFROM first AS made\nRUN true\n{last}"
    on_the_builder = f"FROM --platform=$BUILDPLATFORM busybox AS made\nRUN true\n{last}"
    quiet = [
        Plan(tmp_path / "own", RUNS, OWN),
        Plan(tmp_path / "copies", "FROM busybox\nCOPY Dockerfile /\nWORKDIR /x\n", OTHER),
        Plan(tmp_path / "crossed", crossed, OTHER),
        Plan(tmp_path / "builder", on_the_builder, OTHER),
    ]
    assert said(*quiet) == [[]] * len(quiet)
    assert not asked.exists()
    assert said(Plan(tmp_path / "named", RUNS, OWN, "mine")) == [[]]
    assert asked.exists()
