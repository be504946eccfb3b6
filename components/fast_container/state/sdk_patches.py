"""Every act on Pulumi's SDK and on the process that the user's program runs in.

Decides for each what it needs of the SDK. An SDK that differs is left as it is, and one debug line says so
(``pulumi up --debug --logtostderr -v=9`` shows it): then the SDK's own behaviour remains, and nothing else changes.
Tried on SDK 3.220, the oldest that is supported, and on 3.272; both are in ``tests/state/test_sdk_patches`` and in
``tests/engine/test_oldest_sdk``. Leaves noting and printing to ``engine_watch`` and ``provider_errors``.

In the program:

- ``await_callbacks``: an Output that fails while the SDK's callback server is starting (a resource hook brings it) ends
  the program; the SDK then stops the server half-started, and gRPC takes the whole process with it (SIGSEGV), so that
  the Output's own message is never seen. So does a unit test that fails. Here the start is awaited first.
- ``call_at_end``: the SDK has no place for what a program does when the engine is done with it. The callback server is
  stopped there, once for each program, so that is the place; after it the interpreter ends, and starts no thread.
- ``wait_for_failures``: at its end the SDK waits for all pending Outputs again each time that one of them is done. A
  thousand images have some 14,000 of them, twelve each for the SDK's own record, and the event loop had time for little
  else. Here it waits for one that fails, for the last one, or for a while. SDK 3.220 has a loop of another kind.
- ``freeze_heap``: modules stay until the end. A hundred images make the garbage collector look at all of them several
  times, 0.1 s each. It also looks for garbage less often: half of the time of a program with a thousand images was the
  collector's, which found nothing.

In the dynamic provider's process, which the SDK's module ``pulumi.dynamic`` runs as ``__main__``:

- ``note_cancels``: the SDK answers the engine's ``Cancel`` with nothing and lets no provider take part.
- ``format_errors``: the SDK shows an error of a provider as a traceback. SDK 3.220 does not, and needs no patch.
- ``end_process``: the SDK's process stays for good when the CLI was killed.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from types import FunctionType
from typing import Any, Final, cast

from pulumi.runtime import settings, stack
from pulumi.runtime.mocks import MockMonitor

from fast_container.state.engine_log import debug_engine

_PROVIDER_MODULE = "pulumi.dynamic"
# How long pending Outputs are waited for at once: looking at each of them takes a thirtieth of the second value.
_LOOK_S: Final = 0.1
_LOOK_AT_EACH_S: Final = 100e-6
# Containers that are made between two looks for garbage; 700 and 2,000 are what Pythons begin with.
_USUAL_THRESHOLDS: Final = (700, 2_000)
_THRESHOLD: Final = 20_000


def in_provider_process() -> bool:
    """Whether this is the SDK's process for dynamic providers; its last argument is the engine's address."""
    return _PROVIDER_MODULE in sys.orig_argv


def freeze_heap() -> None:
    """Take everything loaded so far out of the garbage collector's rounds, and have fewer rounds.

    Does nothing under Pulumi's mocks, in which the process is a unit test's, nor if the user has frozen the heap.
    Thresholds that the user has set stay.
    """
    # In this order: Python counts frozen objects one by one.
    if isinstance(settings.get_monitor(), MockMonitor) or gc.get_freeze_count():
        return
    gc.freeze()
    first, *others = gc.get_threshold()
    if first in _USUAL_THRESHOLDS:
        gc.set_threshold(_THRESHOLD, *others)


def await_callbacks() -> None:
    """Have the SDK await the start of its callback server before it stops it; with Pulumi's mocks it has one too.

    Does nothing when it has been done.
    """
    servicer: Any = getattr(settings, "_CallbackServicer", None)
    serve, shutdown = getattr(servicer, "serve", None), getattr(servicer, "shutdown", None)
    if hasattr(servicer, "fast_container_starts"):
        return
    if not inspect.iscoroutinefunction(serve) or not inspect.iscoroutinefunction(shutdown):
        _leave("the callback server", "has no coroutines serve and shutdown")
        return
    starts: set[asyncio.Future[Any]] = set()
    ends: list[tuple[asyncio.AbstractEventLoop, Callable[[], Awaitable[None]]]] = []

    async def noted_serve(self: Any) -> None:
        start = asyncio.ensure_future(serve(self))
        starts.add(start)
        try:
            # The start continues even if its caller is cancelled.
            await asyncio.shield(start)
        finally:
            if start.done():
                starts.discard(start)

    async def patient_shutdown() -> None:
        loop = asyncio.get_running_loop()
        for start in [one for one in starts if one.get_loop() is loop]:
            with suppress(Exception):
                await start
            starts.discard(start)
        for one in [one for one in ends if one[0] is loop]:
            ends.remove(one)
            with suppress(Exception):
                await one[1]()
        await shutdown()

    servicer.fast_container_starts = starts
    servicer.fast_container_ends = ends
    servicer.serve = noted_serve
    servicer.shutdown = staticmethod(patient_shutdown)


def call_at_end(end: Callable[[], Awaitable[None]]) -> None:
    """Have ``end`` awaited once, when the running program and the engine are done; ``await_callbacks`` goes first.

    Does nothing with an SDK that differs.
    """
    ends = getattr(getattr(settings, "_CallbackServicer", None), "fast_container_ends", None)
    if ends is not None:
        ends.append((asyncio.get_running_loop(), end))


class _Asyncio:
    """Replaces the module ``asyncio`` where the SDK waits for pending Outputs."""

    async def wait(
        self, pending: Collection[asyncio.Future[Any]], *, return_when: str = asyncio.ALL_COMPLETED
    ) -> tuple[set[asyncio.Future[Any]], set[asyncio.Future[Any]]]:
        """For the first that fails. Those that are added meanwhile are not seen before this ends, so not for ever."""
        if return_when != asyncio.FIRST_COMPLETED:
            return await asyncio.wait(pending, return_when=return_when)
        longest_s = max(_LOOK_S, len(pending) * _LOOK_AT_EACH_S)
        return await asyncio.wait(pending, timeout=longest_s, return_when=asyncio.FIRST_EXCEPTION)

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)


def wait_for_failures() -> None:
    """Have the SDK look at its pending Outputs when one has failed or all are done, not whenever one is done.

    Does nothing under Pulumi's mocks, and when it has been done.
    """
    known = getattr(stack, "asyncio", None)
    if isinstance(settings.get_monitor(), MockMonitor) or isinstance(known, _Asyncio):
        return
    code = getattr(getattr(stack, "wait_for_rpcs", None), "__code__", None)
    if known is not asyncio or not code or not {"wait", "FIRST_COMPLETED"} <= set(code.co_names):
        _leave("wait_for_rpcs", "does not wait for the first Output that is done")
        return
    cast("Any", stack).asyncio = _Asyncio()


def note_cancels(note: Callable[[], None]) -> None:
    """Have ``note`` called when the engine tells the dynamic provider's process to cancel.

    The SDK's server holds the method itself by then, so only the code inside of it can be exchanged.
    """
    servicer: Any = getattr(sys.modules.get("__main__"), "DynamicResourceProviderServicer", None)
    answer = getattr(servicer, "Cancel", None)
    if not isinstance(answer, FunctionType) or answer.__code__.co_freevars:
        _leave("Cancel", "is not a plain method of DynamicResourceProviderServicer")
        return
    servicer.fast_container_note_cancel = staticmethod(note)
    answer.__code__ = _answer_cancel.__code__


def _answer_cancel(self: Any, request: Any, context: Any) -> Any:
    # Runs with the globals of the SDK's module, so it imports what it needs.
    from google.protobuf import empty_pb2  # noqa: PLC0415

    self.fast_container_note_cancel()
    return empty_pb2.Empty()


class _Traceback:
    """Replaces the module ``traceback`` where the SDK formats errors."""

    def __init__(self, formatted: Callable[[], str]) -> None:
        self.format_exc = formatted

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)


def format_errors(formatted: Callable[[], str]) -> None:
    """Have ``formatted`` make the engine's message for the error that is being handled.

    Does nothing when it has been done.
    """
    main: Any = sys.modules.get("__main__")
    printer = getattr(main, "traceback", None)
    if printer is traceback:
        main.traceback = _Traceback(formatted)
    elif not isinstance(printer, _Traceback):
        _leave("traceback", "is not used where errors are formatted")


def end_process() -> None:
    """End the dynamic provider's process at once, from any thread; elsewhere do nothing."""
    if in_provider_process():
        os._exit(1)


def _leave(what: str, why: str) -> None:
    debug_engine(f"fast-container: {what} of Pulumi's SDK is left as it is: it {why}")
