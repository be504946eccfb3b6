"""Contexts that are entered and left in threads: the event loop goes on, and what was entered is always left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

import pytest

from fast_container.adapters.threads import entered_in_thread


class Place:
    """Writes down what happens to it, and waits while it is made until it is let go."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.entering, self.may_enter = threading.Event(), threading.Event()

    @contextmanager
    def made(self) -> Generator[int]:
        self.entering.set()
        assert self.may_enter.wait(10)
        self.happened.append("made")
        try:
            yield threading.get_ident()
        finally:
            assert threading.get_ident() != threading.main_thread().ident
            self.happened.append("removed")


def test_it_is_made_and_removed_in_threads_also_after_an_error() -> None:
    place = Place()
    place.may_enter.set()

    async def story() -> None:
        async with entered_in_thread(place.made()) as maker:
            assert maker != threading.get_ident()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        asyncio.run(story())
    assert place.happened == ["made", "removed"]


def test_one_that_is_cancelled_while_it_is_made_is_removed_before_the_cancellation_goes_on() -> None:
    place = Place()

    async def use() -> None:
        async with entered_in_thread(place.made()):
            raise AssertionError("cancelled before it could begin")

    async def story() -> None:
        task = asyncio.create_task(use())
        assert await asyncio.to_thread(place.entering.wait, 10)
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done(), "it waits for what is being made"
        place.may_enter.set()
        with suppress(asyncio.CancelledError):
            await task
        assert place.happened == ["made", "removed"]

    asyncio.run(story())
