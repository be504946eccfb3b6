"""Look-ups of one repository are gathered into as few calls as can be."""

from __future__ import annotations

import asyncio

import pytest

from fast_container.build.lookup import LookupBatch
from fast_container.errors import RegistryError
from tests.build.fakes import FakeRegistry


def test_many_look_ups_become_one_call() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        manifest = registry.push()
        registry.tags["key-1"] = manifest.digest
        batch = LookupBatch(registry, tick_s=0)
        answers = await asyncio.gather(*(batch.find([f"key-{n}"]) for n in range(100)))
        assert answers[1] == {"key-1": manifest}
        assert sum(map(len, answers)) == 1
        assert len(registry.calls) == 1

    asyncio.run(scenario())


def test_announced_tags_are_asked_for_with_the_first_look_up_and_kept() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        batch = LookupBatch(registry, tick_s=0)
        batch.announce(["key-1", "key-2"])
        await batch.find(["key-1"])
        assert await batch.find(["key-2"]) == {}
        assert registry.calls == [("find", ["key-1", "key-2"])]

    asyncio.run(scenario())


def test_announcing_alone_asks_nobody() -> None:
    registry = FakeRegistry()
    LookupBatch(registry).announce(["key-1"])
    assert registry.calls == []


def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        registry.fail["find"] = RegistryError("no")
        batch = LookupBatch(registry, tick_s=0)
        results = await asyncio.gather(batch.find(["key-1"]), batch.find(["key-2"]), return_exceptions=True)
        assert [str(result) for result in results] == ["no", "no"]
        registry.fail.clear()
        assert await batch.find(["key-1"]) == {}

    asyncio.run(scenario())


def test_one_who_stops_waiting_does_not_take_the_answer_from_the_others() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        batch = LookupBatch(registry, tick_s=0.01)
        first, second = (asyncio.create_task(batch.find([tag])) for tag in ("key-1", "key-2"))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await second == {}

    asyncio.run(scenario())


def test_a_tag_that_was_put_is_found_afterwards_without_asking_again() -> None:
    async def scenario() -> None:
        registry = FakeRegistry()
        batch, manifest = LookupBatch(registry, tick_s=0), registry.push()
        assert await batch.find(["key-1"]) == {}
        await batch.tag(manifest, "key-1")
        assert await batch.find(["key-1"]) == {"key-1": manifest}

    asyncio.run(scenario())
