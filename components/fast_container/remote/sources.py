"""The sources of a remote build, fetched while its BuildKit starts and the registry is asked.

Decides that they are fetched in a thread of their own, which has ended when the block ends. Leaves fetching and
checking to ``remote.chunks``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from fast_container.core.ports import BuildJob, BuiltImage, ContextSource, Executor, Reporter

Contexts = Mapping[str, ContextSource]


@asynccontextmanager
async def fetched_meanwhile(fetch: Callable[[], Contexts]) -> AsyncGenerator[asyncio.Future[Contexts]]:
    """Fetch the contexts while the block runs; its end waits for the thread, even after an error."""
    with ThreadPoolExecutor(1, "sources") as pool:
        fetching = asyncio.get_running_loop().run_in_executor(pool, fetch)
        # If the image exists already, neither the sources nor an error about them are needed.
        fetching.add_done_callback(lambda done: done.cancelled() or done.exception())
        yield fetching


@dataclass(frozen=True, slots=True)
class WithSources:
    """Builds with sources that may still be on their way. Satisfies ``core.ports.Executor``.

    Args:
        executor: Builds.
        contexts: The job's contexts.
    """

    executor: Executor
    contexts: asyncio.Future[Contexts]

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Wait for the sources and build.

        Raises:
            ChunksUnusable: Chunks of them must be uploaded again.
        """
        return await self.executor.build(replace(job, contexts=await asyncio.shield(self.contexts)), reporter)
