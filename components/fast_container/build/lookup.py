"""Gathers the lookups of one repository into one call.

Decides when the registry is asked: the first lookup waits a moment and includes every tag that was announced, and the
answers hold for the run. Leaves how many ids one call takes to the adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from fast_container.core.aws_access import AwsAccess
from fast_container.core.ports import Manifest, Registry

TICK_S = 0.02

RepositorySource: TypeAlias = Callable[[str, AwsAccess], Registry]


class LookupBatch:
    """A registry whose lookups are gathered; satisfies ``core.ports.Registry``.

    A failed call is an error for all that waited for it and is not kept: the next lookup asks again.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        tick_s: float = TICK_S,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._registry = registry
        self._tick_s = tick_s
        self._sleep = sleep
        self._announced: dict[str, None] = {}
        self._answers: dict[str, Manifest | None] = {}
        self._call: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """``host/name``."""
        return self._registry.url

    def announce(self, tags: Iterable[str]) -> None:
        """Announce tags that will be looked up, so that one call can answer for all."""
        self._announced.update(dict.fromkeys(tag for tag in tags if tag not in self._answers))

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """Like ``Registry.find``, from the gathered answers."""
        while unknown := [tag for tag in tags if tag not in self._answers]:
            self.announce(unknown)
            if self._call is None:
                self._call = asyncio.create_task(self._ask(), name=f"lookups in {self.url}")
                self._call.add_done_callback(self._done)
            # Shielded: the others still need the answer when one of them is cancelled.
            await asyncio.shield(self._call)
        return {tag: manifest for tag in tags if (manifest := self._answers[tag]) is not None}

    def answered(self, tag: str) -> Manifest | None:
        """Return the result of an earlier lookup of this run, without asking."""
        return self._answers.get(tag)

    def is_answered(self, tag: str) -> bool:
        """Whether an earlier lookup of this run has asked for it."""
        return tag in self._answers

    def is_absent(self, tag: str) -> bool:
        """Whether an earlier lookup of this run found nothing."""
        return tag in self._answers and self._answers[tag] is None

    async def _ask(self) -> None:
        await self._sleep(self._tick_s)
        wanted = list(self._announced)
        found = await self._registry.find(wanted)
        self._answers.update({tag: found.get(tag) for tag in wanted})
        # Those that are announced meanwhile are for the next call, which does not look at these again.
        for tag in wanted:
            self._announced.pop(tag, None)

    def _done(self, call: asyncio.Task[None]) -> None:
        self._call = None
        if not call.cancelled():
            call.exception()

    async def manifest(self, digest: str) -> Manifest | None:
        """Like ``Registry.manifest``; always asked."""
        return await self._registry.manifest(digest)

    async def blob(self, digest: str) -> bytes:
        """Like ``Registry.blob``; always asked."""
        return await self._registry.blob(digest)

    async def tag(self, manifest: Manifest, tag: str) -> str:
        """Like ``Registry.tag``; later lookups find the manifest that the tag names afterwards."""
        self._answers.pop(tag, None)
        digest = await self._registry.tag(manifest, tag)
        if digest == manifest.digest:
            self._answers[tag] = manifest
        return digest


class Lookups:
    """The repositories of one program, each opened once.

    Args:
        open_repository: Opens the repository at ``host/name``; asks nothing.
    """

    def __init__(self, open_repository: RepositorySource) -> None:
        self._open = open_repository
        self._opened: dict[str, LookupBatch] = {}

    def at(self, url: str, access: AwsAccess) -> LookupBatch:
        """Return the repository at ``host/name``; its lookups are gathered."""
        if url not in self._opened:
            self._opened[url] = LookupBatch(self._open(url, access))
        return self._opened[url]

    def found_digest(self, url: str, tag: str) -> str | None:
        """Return the digest that a lookup of this run has found, without a request."""
        repository = self._opened.get(url)
        manifest = repository.answered(tag) if repository else None
        return manifest.digest if manifest else None
