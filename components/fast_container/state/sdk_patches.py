"""Every act on Pulumi's SDK and on the process that the user's program runs in.

Decides for each what it needs of the SDK. An SDK that differs is left as it is, and one debug line says so
(``pulumi up --debug --logtostderr -v=9`` shows it): what the act was for is then as the SDK has it, and nothing else
changes. Tried on SDK 3.220, the oldest that is supported, and on 3.272; both are in ``tests/state/test_sdk_patches``
and in ``tests/engine/test_oldest_sdk``. Leaves to ``engine_watch`` and ``provider_errors`` what is noted and printed.

In the program:

- ``await_callbacks``: an Output that fails while the SDK's callback server is starting (a resource hook brings it) ends
  the program; the SDK then stops the server half-started, and gRPC takes the whole process with it (SIGSEGV), so that
  the Output's own message is never seen. Here the start is awaited first.
- ``freeze_heap``: modules stay until the end. A hundred images make the garbage collector look at all of them several
  times, 0.1 s each.

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
from collections.abc import Callable
from contextlib import suppress
from types import FunctionType
from typing import Any

from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor

from fast_container.state.engine_log import debug_engine

_PROVIDER_MODULE = "pulumi.dynamic"


def in_provider_process() -> bool:
    """Whether this is the SDK's process for dynamic providers; its last argument is the engine's address."""
    return _PROVIDER_MODULE in sys.orig_argv


def freeze_heap() -> None:
    """Take what is loaded by now out of the garbage collector's rounds.

    Does nothing under Pulumi's mocks, in which the process is a unit test's, nor where the user has frozen the heap.
    """
    # In this order: Python counts what is frozen one by one.
    if not isinstance(settings.get_monitor(), MockMonitor) and not gc.get_freeze_count():
        gc.freeze()


def await_callbacks() -> None:
    """Have the SDK await the start of its callback server before it stops it.

    Does nothing under Pulumi's mocks, which have no such server, and when it has been done.
    """
    if isinstance(settings.get_monitor(), MockMonitor):
        return
    servicer: Any = getattr(settings, "_CallbackServicer", None)
    serve, shutdown = getattr(servicer, "serve", None), getattr(servicer, "shutdown", None)
    if hasattr(servicer, "fast_container_starts"):
        return
    if not inspect.iscoroutinefunction(serve) or not inspect.iscoroutinefunction(shutdown):
        _leave("the callback server", "has no coroutines serve and shutdown")
        return
    starts: set[asyncio.Future[Any]] = set()

    async def noted_serve(self: Any) -> None:
        start = asyncio.ensure_future(serve(self))
        starts.add(start)
        try:
            # The start goes on when its caller is cancelled.
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
        await shutdown()

    servicer.fast_container_starts = starts
    servicer.serve = noted_serve
    servicer.shutdown = staticmethod(patient_shutdown)


def note_cancels(note: Callable[[], None]) -> None:
    """Have ``note`` called when the engine tells the dynamic provider's process to cancel.

    The SDK's server holds the method itself by then, so only the code within can be exchanged.
    """
    servicer: Any = getattr(sys.modules.get("__main__"), "DynamicResourceProviderServicer", None)
    answer = getattr(servicer, "Cancel", None)
    if not isinstance(answer, FunctionType) or answer.__code__.co_freevars:
        _leave("Cancel", "is no plain method of DynamicResourceProviderServicer")
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
    """Have ``formatted`` say what the engine is told of the error that is being handled.

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
