"""Finds out whether the engine still goes on, before a build begins that had to wait for its turn.

After a first Ctrl-C the engine starts nothing new and waits for the hooks that run; it tells a program nothing. But it
stops answering what passes its own loop, such as the registration of a component's outputs. So a place that a finished
build leaves is given on only when the engine has answered a registration that was sent afterwards; no answer within
``PATIENCE_S`` means that the run is ending, and what waits does not begin.

Registers the outputs of a component as ``ComponentResource.register_outputs`` does (same request, same place in the
SDK's book-keeping, so that failures surface alike), since that one tells nobody when the answer came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
import pulumi
from pulumi.runtime import rpc, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import handle_grpc_error

from fast_container.adapters.threads import in_thread
from fast_container.errors import BuilderError

PATIENCE_S = 10.0


@dataclass(slots=True)
class EngineAnswers:
    """The engine's answers to one program."""

    _answered_of_s: float = 0.0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def register_outputs(self, component: pulumi.ComponentResource, outputs: Mapping[str, Any]) -> None:
        """Register a component's outputs, and take note of the answer."""

        async def register() -> None:
            urn = await component.urn.future()
            serialized = await rpc.serialize_properties(dict(outputs), {})
            monitor: Any = settings.get_monitor()
            request = resource_pb2.RegisterResourceOutputsRequest(urn=urn or "", outputs=serialized)
            sent_s = asyncio.get_running_loop().time()
            try:
                await in_thread(monitor.RegisterResourceOutputs, request)
            except grpc.RpcError as error:
                handle_grpc_error(error)
            async with self._news:
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
        try:
            async with asyncio.timeout(PATIENCE_S), self._news:
                await self._news.wait_for(lambda: self._answered_of_s >= since_s)
        except TimeoutError:
            raise BuilderError(
                "Not begun: the run is ending.",
                why="it was interrupted, or another resource failed, while this build waited for its turn",
                next_step="run `pulumi up` again; what was built before counts",
            ) from None
