"""Runs a program of components with Pulumi's mocks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pulumi


class Mocks(pulumi.runtime.Mocks):
    """Inputs come back as outputs."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


def run(make: Callable[[], Awaitable[Any]], *, preview: bool = False, mocks: Mocks | None = None) -> Any:
    """Run a program with mocks; gives what its function gives."""
    found: list[Any] = []

    async def body() -> None:
        found.append(await make())

    @pulumi.runtime.test
    def program() -> pulumi.Output[None]:
        return pulumi.Output.from_input(asyncio.ensure_future(body()))

    pulumi.runtime.set_mocks(mocks or Mocks(), preview=preview)
    program()
    return found[0]


async def of(output: pulumi.Output[Any]) -> Any:
    """The value of an Output; None where it is unknown."""
    return await output.future() if await output.is_known() else None
