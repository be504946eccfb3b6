"""Tells the user once what happens after the first Ctrl-C.

Decides when: the engine does not tell a program that it was interrupted, so while something is built or awaited the
mark of ``state.engine_watch`` is checked. Leaves the consequences to the scheduler, and the mark to that module.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pulumi

_INTERVAL_S = 0.3
_LINE = (
    "Interrupted: running builds are finished and count, no new one begins. A second Ctrl-C stops them"
    " (not those on CodeBuild)."
)


class InterruptLine:
    """The line of one program.

    Args:
        is_heard: Whether the engine was interrupted.
    """

    def __init__(self, is_heard: Callable[[], bool]) -> None:
        self._is_heard = is_heard
        self._users = 0
        self._look: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def during(self) -> AsyncGenerator[None]:
        """While something is built."""
        self._users += 1
        if self._look is None:
            self._look = asyncio.create_task(self._say())
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and not self._look.done():
                self._look.cancel()
                self._look = None

    async def _say(self) -> None:
        while not self._is_heard():  # noqa: ASYNC110 - the mark is a file of another process
            await asyncio.sleep(_INTERVAL_S)
        pulumi.log.info(_LINE)
