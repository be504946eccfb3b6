"""A preview says that a builder cannot run an image's platform, and names both ways out."""

from __future__ import annotations

import asyncio
import platform as machine
from collections.abc import Sequence
from pathlib import Path

import pytest

from fast_container.builders import LocalBuilder
from fast_container.core.oci.platform import normal_platform
from fast_container.core.select import SharedWalks, select_image
from tests.trees import declare, write_tree

OWN = normal_platform(f"linux/{machine.machine()}")
OTHER = "linux/amd64" if OWN == "linux/arm64" else "linux/arm64"


def run_platforms(tree: Path, dockerfile: str, platform: str) -> Sequence[str]:
    """The platforms that the Dockerfile's RUN instructions run on."""
    write_tree(tree, {"Dockerfile": dockerfile})
    return select_image(declare(tree, platform=platform), SharedWalks()).reads.run_platforms


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


def said(builder: LocalBuilder, *wanted: Sequence[str]) -> list[Sequence[str]]:
    async def ask() -> list[Sequence[str]]:
        return [await builder.cannot_run(platforms) for platforms in wanted]

    return asyncio.run(ask())


RUNS = "FROM busybox\nRUN true\n"


def test_the_emulator_and_codebuild_are_named_and_the_builder_is_asked_once(asked: Path, tmp_path: Path) -> None:
    warned = said(LocalBuilder(), *(run_platforms(tmp_path / name, RUNS, OTHER) for name in ("a", "b")))
    for (line,) in warned:
        assert OTHER in line and "binfmt" in line and "CodeBuildBuilder" in line
    assert asked.read_text().count("asked") == 1


def test_what_the_builder_runs_or_need_not_run_is_no_warning(asked: Path, tmp_path: Path) -> None:
    last = "FROM busybox\nCOPY --from=made / /\n"
    crossed = f"FROM --platform={OWN} busybox AS first\nRUN true\nFROM first AS made\nRUN true\n{last}"
    on_the_builder = f"FROM --platform=$BUILDPLATFORM busybox AS made\nRUN true\n{last}"
    quiet = [
        run_platforms(tmp_path / "own", RUNS, OWN),
        run_platforms(tmp_path / "copies", "FROM busybox\nCOPY Dockerfile /\nWORKDIR /x\n", OTHER),
        run_platforms(tmp_path / "crossed", crossed, OTHER),
        run_platforms(tmp_path / "builder", on_the_builder, OTHER),
    ]
    assert said(LocalBuilder(), *quiet) == [[]] * len(quiet)
    assert not asked.exists()
    assert said(LocalBuilder(name="mine"), run_platforms(tmp_path / "named", RUNS, OWN)) == [[]]
    assert asked.exists()


def test_a_platform_that_no_node_is_made_for_is_emulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buildx = tmp_path / "docker-buildx"
    buildx.write_text("#!/bin/sh\necho 'Platforms: linux/amd64, linux/amd64/v2, linux/386, linux/arm64, linux/s390x'\n")
    buildx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    builder = LocalBuilder(name="mine")
    wanted = ["linux/amd64", "linux/386", "linux/arm64", "linux/arm/v7"]
    assert asyncio.run(builder.emulated(wanted)) == ["linux/arm64", "linux/arm/v7"]
    buildx.write_text(
        "#!/bin/sh\necho 'Platforms: linux/amd64, linux/386'\necho 'Platforms: linux/arm64, linux/arm/v7'\n"
    )
    assert asyncio.run(LocalBuilder(name="both").emulated(wanted)) == []
