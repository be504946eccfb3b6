"""Finds out whether the engine still goes on, before a build begins that had to wait for its turn.

After a first Ctrl-C the engine starts nothing new and waits for the hooks that run; it tells a program nothing. But it
stops answering what passes its own loop, such as the registration of a component's outputs. So a place that a finished
build leaves is given on only when the engine has answered a registration that was sent afterwards. One that stays
unanswered for ``PATIENCE_S`` means that the run is ending, and what waits does not begin. Until one can be sent, the
finished image's record has to be created, which takes a busy machine a while: that may take ``SILENCE_S``.

An engine with as many steps under way as it runs at once (``--parallel``) does not answer either, since its loop waits
for one of them to end. Its silence says nothing then, and a build begins at once.

Registers the outputs of a component as ``ComponentResource.register_outputs`` does (same request, same place in the
SDK's book-keeping, so that failures surface alike), since that one tells nobody when the answer came.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, cast

import grpc
import pulumi
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import handle_grpc_error

from fast_container.adapters.threads import in_thread
from fast_container.errors import BuilderError

PATIENCE_S = 10.0
SILENCE_S = 120.0
_LOOK_AGAIN_S = 0.25


@dataclass(slots=True)
class EngineAnswers:
    """The engine's answers to one program."""

    _answered_of_s: float = 0.0
    _unanswered_s: list[float] = field(default_factory=list[float])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def register_outputs(self, component: pulumi.ComponentResource, outputs: Mapping[str, Any]) -> None:
        """Register a component's outputs, and take note of the answer."""

        async def register() -> None:
            urn = await component.urn.future()
            serialized = await rpc.serialize_properties(dict(outputs), {})
            monitor: Any = settings.get_monitor()
            request = resource_pb2.RegisterResourceOutputsRequest(urn=urn or "", outputs=serialized)
            sent_s = asyncio.get_running_loop().time()
            async with self._news:
                self._unanswered_s.append(sent_s)
                self._news.notify_all()
            try:
                await in_thread(monitor.RegisterResourceOutputs, request)
            except grpc.RpcError as error:
                handle_grpc_error(error)
            async with self._news:
                self._unanswered_s.remove(sent_s)
                self._answered_of_s = max(self._answered_of_s, sent_s)
                self._news.notify_all()

        manager = cast(Any, settings.SETTINGS).rpc_manager
        registering: Any = manager.do_rpc("register resource outputs", register)()
        asyncio.ensure_future(registering)  # noqa: RUF006 - the manager keeps it

    async def await_answer(self, since_s: float) -> None:
        """Wait until something that was sent after a moment has been answered.

        Raises:
            BuilderError: The run is ending.
        """
        loop = asyncio.get_running_loop()
        silent_until_s = loop.time() + SILENCE_S
        async with self._news:
            while self._answered_of_s < since_s and not _is_full(loop):
                sent_s = min((sent_s for sent_s in self._unanswered_s if sent_s >= since_s), default=None)
                rest_s = (silent_until_s if sent_s is None else sent_s + PATIENCE_S) - loop.time()
                if rest_s <= 0:
                    raise BuilderError(
                        "Not begun: the run is ending.",
                        why="it was interrupted, or another resource failed, while this build waited for its turn",
                        next_step="run `pulumi up` again; what was built before counts",
                    )
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(rest_s, _LOOK_AGAIN_S)):
                        await self._news.wait()


def _is_full(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the engine may have all the steps under way that it runs at once.

    Each registration that was sent and not answered holds a thread of the loop's default pool, where the SDK sends
    them; where that cannot be seen, the engine is taken for full.
    """
    parallel = cast("int | None", cast(Any, settings.SETTINGS).parallel)
    pool: Any = getattr(loop, "_default_executor", None)
    try:
        frames = cast("Mapping[int, FrameType]", cast(Any, sys)._current_frames())
        seen = [frames.get(thread.ident) for thread in pool._threads]
        queued: int = pool._work_queue.qsize()
    except AttributeError:
        return True
    # A thread of a pool that has nothing to do waits in the pool's own function; the pool's count of these is too high.
    busy = [frame for frame in seen if frame is not None and frame.f_code.co_name != "_worker"]
    return not parallel or len(busy) + queued >= parallel
