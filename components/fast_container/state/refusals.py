"""Keeps a refusal to the image that is refused.

Decides two things. An image that is refused while the program's images are prepared is reported only when no other
record is on its way: a program that ended at once would take its hooks with it, and the engine, which still calls them,
would report for each of the others that its hook is missing. And once one image is refused, no other one begins. Those
that have begun are finished; then the engine gets the refusal alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any, NoReturn

import pulumi

from fast_container.state.afterwards import await_resources

# By then most other wrong images are found too, and reported in the same error.
_TOGETHER_S = 0.3
_LONGEST_S = 5.0


class Refusals:
    """The refusals of one program; an image is identified by its component."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._under_way: set[pulumi.Resource] = set()
        self._ended = asyncio.Condition()

    @property
    def under_way(self) -> int:
        """Number of records that have begun and not ended."""
        return len(self._under_way)

    async def hold(self, refusal: pulumi.RunError) -> NoReturn:
        """Wait until nothing is running, then raise all refusals in one error.

        Raises:
            pulumi.RunError: Always.
        """
        self._messages.append(str(refusal))
        await asyncio.sleep(_TOGETHER_S)
        await self._raise()

    async def hold_in_preview(self, image: pulumi.Resource, refusal: pulumi.RunError) -> NoReturn:
        """Do the same for a record that is running itself, in a preview: the error is its own, on its own row.

        The engine runs only some hooks at once, and if all of them fail, none of the others begins: so not for ever.

        Raises:
            pulumi.RunError: Always.
        """
        self._messages.append(str(refusal))
        await self._end(image)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._all_ended(), _LONGEST_S)
        raise refusal

    async def begin(self, image: pulumi.Resource, dependencies: Iterable[Any]) -> None:
        """Wait for the resources that a record comes after; from then on it counts as running.

        Raises:
            pulumi.RunError: Another image was refused: this one does not begin.
        """
        await await_resources(dependencies)
        if self._messages:
            await self._raise()
        self._under_way.add(image)

    async def watch(self, image: pulumi.Resource, registered: Awaitable[Any]) -> None:
        """Note when a record has ended, with or without an error."""
        # The caller that registered it gets its error.
        await asyncio.wait([asyncio.ensure_future(registered)])
        await self._end(image)

    async def _end(self, image: pulumi.Resource) -> None:
        self._under_way.discard(image)
        async with self._ended:
            self._ended.notify_all()

    async def _raise(self) -> NoReturn:
        await self._all_ended()
        # Whichever of them reaches the engine first has the same message.
        raise pulumi.RunError("\n".join(dict.fromkeys(self._messages)))

    async def _all_ended(self) -> None:
        async with self._ended:
            await self._ended.wait_for(lambda: not self._under_way)
