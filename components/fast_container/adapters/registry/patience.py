"""How long a run waits for a registry after it was interrupted.

Decides that an interrupted run soon gives up waiting, since the answer is not needed any more: a registry that never
answers must not keep the terminal. An answer in time is used, so a build that succeeds after the first Ctrl-C is still
verified and tagged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fast_container.errors import RegistryError

T = TypeVar("T")

_LOOK_EVERY_S = 0.25
_STILL_S = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits as long as the run goes on.

    Args:
        interrupted: Whether the run was interrupted; called again and again, so it must be cheap.
    """

    interrupted: Callable[[], bool]

    async def wait_for(self, asking: Coroutine[Any, Any, T], where: str, *, still_s: float = _STILL_S) -> T:
        """Return a registry's answer.

        Args:
            asking: The request.
            where: The repository, for messages.
            still_s: How long to wait after an interrupt.

        Raises:
            RegistryError: The run was interrupted, and the registry did not answer soon after.
        """
        task = asyncio.create_task(asking)
        heard_s = 0.0
        try:
            while not (await asyncio.wait([task], timeout=_LOOK_EVERY_S))[0]:
                if self.interrupted():
                    heard_s += _LOOK_EVERY_S
                if heard_s > still_s:
                    raise RegistryError(
                        "Waiting for the registry was given up.",
                        where=where,
                        why="the run was interrupted, and it did not answer",
                        next_step="Run `pulumi up` again.",
                    )
            return await task
        finally:
            task.cancel()
