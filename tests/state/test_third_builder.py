"""A builder that this library does not have is a subclass of ``Builder`` and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pulumi
import pytest

from fast_container import FastContainerImage
from fast_container.builder_interface import Builder, ExecutorNeeds, Grants
from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import BuildJob, BuiltImage, Credentials, Executor, Registry, Reporter
from fast_container.errors import ArgsError
from fast_container.state.executors import ProgramExecutors
from tests.state.mocked_program import of, run
from tests.trees import write_tree

pytestmark = pytest.mark.usefixtures("mock_loops")

URL = "registry.example.com/shop/images"


class FarExecutor:
    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        raise NotImplementedError


class FarBuilder(Builder):
    """Builds for Linux only."""

    kind: ClassVar[str] = "far"
    reads_secrets: ClassVar[bool] = False

    def __init__(self) -> None:
        self.aws, self.cache, self.max_parallel, self.timeout_s, self.wait = None, None, 3, 60.0, True
        self.asked: list[Grants] = []
        self.made: list[str] = []

    def check_image(self, platform: str, secrets: Mapping[str, object]) -> None:
        self.executor_key(platform)

    def grants(self, image: Grants) -> Sequence[pulumi.Resource]:
        self.asked.append(image)
        return ()

    def executor_key(self, platform: str) -> str:
        if not platform.startswith("linux/"):
            raise ArgsError(f"Nothing far away builds for {platform}.", property_path="platform")
        return platform

    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> Executor:
        await asyncio.sleep(0)
        self.made.append(key)
        return FarExecutor()


class PlainBuilder(Builder):
    """Answers only what has to be answered."""

    kind: ClassVar[str] = "plain"

    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> Executor:
        raise NotImplementedError


def test_a_builder_needs_to_say_only_what_it_is_called_and_who_executes(tmp_path: Path) -> None:
    write_tree(tmp_path, {"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})

    async def program() -> str:
        return str(await of(FastContainerImage("api", repository=URL, context=tmp_path, builder=PlainBuilder()).tag))

    assert run(program).startswith("key-")


def test_an_image_takes_it_and_asks_it_what_to_grant(tmp_path: Path) -> None:
    write_tree(tmp_path, {"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
    builder = FarBuilder()

    async def program() -> str:
        image = FastContainerImage("api", repository=URL, context=str(tmp_path), builder=builder)
        return str(await of(image.build_key))

    assert len(run(program)) == 64
    assert [one.repository for one in builder.asked] == [(URL, URL)]


def test_it_refuses_what_it_cannot_build(tmp_path: Path) -> None:
    write_tree(tmp_path, {"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})

    async def program() -> None:
        image = FastContainerImage(
            "api", repository=URL, context=str(tmp_path), builder=FarBuilder(), platform="windows/amd64"
        )
        await of(image.build_key)

    with pytest.raises(pulumi.RunError, match="Nothing far away builds for windows/amd64"):
        run(program)


def test_its_images_share_one_executor_and_one_limit_for_what_it_makes_one_for() -> None:
    builder = FarBuilder()

    def push(host: str) -> Credentials | None:
        raise NotImplementedError(host)

    def repository(url: str) -> Registry:
        raise NotImplementedError(url)

    def begin() -> None:
        raise NotImplementedError

    executors = ProgramExecutors(ExecutorNeeds(push, repository, {}, begin, lambda _: False))

    async def ask() -> list[object]:
        platforms = ("linux/amd64", "linux/amd64", "linux/arm64")
        return list(
            await asyncio.gather(*(executors.executor(builder, platform, AwsAccess()) for platform in platforms))
        )

    first, second, other = asyncio.run(ask())
    assert first is second
    assert first is not other
    assert set(builder.made) == {"linux/amd64", "linux/arm64"}
