"""How long a run waits for a registry after Ctrl-C."""

from __future__ import annotations

import asyncio
import time

import pytest

from fast_container.adapters.registry.patience import Patience
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import RegistryError
from tests.adapters.raw_server import raw_server


def test_an_interrupted_run_waits_for_no_registry_that_is_silent() -> None:
    with raw_server([b"", b""], pause_s=60.0) as server:
        repository = Registries(AwsAccess(), {}, interrupted=lambda: bool(server.requests)).repository(
            f"{server.host}/a"
        )
        began_s = time.monotonic()
        with pytest.raises(RegistryError, match="was given up") as caught:
            asyncio.run(repository.find(["key-1"]))
    assert time.monotonic() - began_s < 30
    assert server.host in caught.value.where


def test_what_answers_in_time_is_used_after_an_interrupt_too() -> None:
    async def answer() -> int:
        await asyncio.sleep(0.4)
        return 1

    assert asyncio.run(Patience(lambda: True).wait_for(answer(), "a")) == 1


def test_whoever_stops_waiting_stops_asking() -> None:
    stopped: list[bool] = []

    async def answer() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(True)

    async def scenario() -> None:
        task = asyncio.create_task(Patience(lambda: False).wait_for(answer(), "a"))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert stopped == [True]
