"""Threads for blocking calls, apart from those of the event loop's default pool.

In a Pulumi program every registration of a resource holds a thread of that pool until its hooks have ended. Hooks that
needed a thread of the same pool would wait for each other for ever, as soon as there are as many changed images as
threads (four for each of the engine's parallel operations). So everything that a hook may wait for runs here.

A thread cannot be interrupted. So a call that waits for the network says how it can be ended (``ended_by``), and is
ended as soon as it is no longer awaited: an interrupted program must not stay because a registry does not answer.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Threads start on use. No call waits for another one, so a full pool only delays.
_POOL: Final = ThreadPoolExecutor(max_workers=64, thread_name_prefix="fast-container")
# More threads than cores only get in each other's way.
_CORES: Final = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8), thread_name_prefix="fast-container-cpu")


class GivenUpError(Exception):
    """This call is no longer awaited, so this error is not seen either."""


class _Call:
    """One blocking call, which may be given up while it runs."""

    def __init__(self) -> None:
        self.given_up = threading.Event()
        self._ends: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def add(self, end: Callable[[], None]) -> None:
        with self._lock:
            self.check()
            self._ends.append(end)

    def remove(self, end: Callable[[], None]) -> None:
        with self._lock:
            self._ends.remove(end)

    def check(self) -> None:
        if self.given_up.is_set():
            raise GivenUpError

    def give_up(self) -> None:
        with self._lock:
            self.given_up.set()
            for end in self._ends:
                end()


_CALL: Final = contextvars.ContextVar[_Call | None]("fast_container_call", default=None)


async def in_thread(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Like ``asyncio.to_thread``, in a pool of our own; cancelling this also cancels what the call waits for."""
    call, context = _Call(), contextvars.copy_context()
    context.run(_CALL.set, call)
    running = partial(context.run, work, *args, **kwargs)
    try:
        return await asyncio.get_running_loop().run_in_executor(_POOL, running)
    except asyncio.CancelledError:
        call.give_up()
        raise


async def on_core(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Like ``in_thread``, for work that keeps a core busy and does not wait."""
    call = partial(contextvars.copy_context().run, work, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_CORES, call)


async def to_the_end(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Like ``in_thread``, but a cancellation waits for the work's end: nothing goes on after this has returned."""
    thread = asyncio.ensure_future(in_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        while not thread.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([thread])
        if not thread.cancelled():
            thread.exception()
        raise


@asynccontextmanager
async def entered_in_thread(manager: AbstractContextManager[T]) -> AsyncGenerator[T]:
    """Enter and leave a context in threads; once it is entered it is left, also when this is cancelled meanwhile."""
    stack = ExitStack()
    try:
        yield await to_the_end(stack.enter_context, manager)
    finally:
        await to_the_end(stack.close)


@contextmanager
def ended_by(end: Callable[[], None]) -> Generator[None]:
    """While this is open, call ``end`` (once, from any thread) when the running call is given up.

    Raises:
        GivenUpError: It was given up before.
    """
    call = _CALL.get()
    if call is None:
        yield
        return
    call.add(end)
    try:
        yield
    finally:
        call.remove(end)


def pause(seconds: float) -> None:
    """Like ``time.sleep``, for a call of ``in_thread`` that may be given up.

    Raises:
        GivenUpError: It was given up.
    """
    call = _CALL.get()
    event = call.given_up if call else threading.Event()
    if event.wait(seconds):
        raise GivenUpError


def check_awaited() -> None:
    """Stop here if this call is no longer awaited.

    Raises:
        GivenUpError: It is not.
    """
    call = _CALL.get()
    if call is not None:
        call.check()
