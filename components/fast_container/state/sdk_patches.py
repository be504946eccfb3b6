"""Acts on Pulumi's SDK, each with the version that it was tried on; an SDK that differs is left as it is.

``await_callbacks``: an Output that fails while the SDK's callback server, which a resource hook brings, is starting
ends the program; the SDK then stops the server half-started, and gRPC takes the whole process with it (SIGSEGV), so
that the Output's own message is never seen. Here the server's start is awaited before it is stopped. Tried on SDK
3.272.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pulumi
from pulumi.runtime import settings


def await_callbacks() -> None:
    """Let the SDK's callback server have started before it is stopped; does nothing when that is so already."""
    servicer: Any = getattr(settings, "_CallbackServicer", None)
    serve, shutdown = getattr(servicer, "serve", None), getattr(servicer, "shutdown", None)
    if hasattr(servicer, "fast_container_starts"):
        return
    if serve is None or shutdown is None:
        pulumi.log.debug("fast-container: the SDK's callback server is left as it is")
        return
    starts: set[asyncio.Future[Any]] = set()

    async def noted_serve(self: Any) -> None:
        start = asyncio.ensure_future(serve(self))
        starts.add(start)
        try:
            # The start goes on when who asked for it is cancelled.
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
