"""What a build needs is looked for while the registry is asked, once a program, and never makes an image fail."""

from __future__ import annotations

import asyncio
from typing import Any

from fast_container.builder_interface import Builder, ExecutorNeeds
from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import BuildJob, BuiltImage, Executor, Reporter
from fast_container.errors import BuilderError
from fast_container.state.executors import ProgramExecutors

PLATFORM = "linux/amd64"


class Preparing:
    """An executor that says when it began to look, and looks until it is told."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.found = asyncio.Event()
        self.looks: list[str] = []

    async def prepare(self, reporter: Reporter) -> None:
        reporter.progress("nobody is told")
        self.looks.append("began")
        self.began.set()
        try:
            await self.found.wait()
        except asyncio.CancelledError:
            self.looks.append("stopped")
            raise
        self.looks.append("found")

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        raise NotImplementedError


class Building:
    """An executor without anything to look for."""

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        raise NotImplementedError


class OneBuilder(Builder):
    """Gives the executor that it was made with, or its error."""

    def __init__(self, executor: Executor | Exception) -> None:
        self.given = executor

    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> Executor:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


def executors() -> ProgramExecutors:
    needs: Any = None
    return ProgramExecutors(needs)


def test_it_is_looked_for_beside_the_first_image_and_not_again() -> None:
    async def story() -> list[str]:
        program, executor = executors(), Preparing()
        builder = OneBuilder(executor)
        async with program.preparing(builder, PLATFORM, AwsAccess()):
            await asyncio.wait_for(executor.began.wait(), 5)
            async with program.preparing(builder, PLATFORM, AwsAccess()):
                executor.found.set()
                await asyncio.sleep(0)
        async with program.preparing(builder, PLATFORM, AwsAccess()):
            await asyncio.sleep(0)
        return executor.looks

    assert asyncio.run(story()) == ["began", "found"]


def test_the_look_ends_with_an_image_that_needs_no_build() -> None:
    async def story() -> list[str]:
        program, executor = executors(), Preparing()
        async with program.preparing(OneBuilder(executor), PLATFORM, AwsAccess()):
            await asyncio.wait_for(executor.began.wait(), 5)
        return executor.looks

    assert asyncio.run(story()) == ["began", "stopped"]


def test_what_is_wrong_is_left_to_the_build() -> None:
    async def story() -> None:
        for given in (BuilderError("There is no buildx."), Building()):
            async with executors().preparing(OneBuilder(given), PLATFORM, AwsAccess()):
                await asyncio.sleep(0.01)

    asyncio.run(story())
