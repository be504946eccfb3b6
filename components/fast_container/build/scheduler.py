"""Many images: identical builds once, in however many repositories; limits, cancellation.

Decides how the images of one program share work. Limit and gathered lookups are wrappers that satisfy the interface
that they wrap. Leaves one image's steps to ``build.pipeline``. Everything here lives in one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from fast_container.build.check_contents import ContentChecks
from fast_container.build.copying import Copying
from fast_container.build.look_inside import LayerLooks
from fast_container.build.pipeline import publish
from fast_container.build.scan_gate import ScanGate
from fast_container.core.decision import RecordedImage
from fast_container.core.ports import (
    BuildJob,
    BuiltImage,
    Clock,
    Executor,
    ImageCopier,
    LayerReader,
    Registry,
    Reporter,
)
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord

_BUILDS_A_CORE: Final = 2
_LEAST, _MOST = 4, 16


def default_parallel(cores: int | None) -> int:
    """Number of builds at once by default: two a core, at least 4 and at most 16.

    A build mostly waits: for BuildKit's next answer, a download, a push. So more builds than cores are sooner done, and
    builds that only compute are not later done (docs/benchmarks.md). What holds the number down is memory.
    """
    return min(max(_BUILDS_A_CORE * (cores or 1), _LEAST), _MOST)


def _always() -> None:
    """Let every build begin."""


def _nothing_first(_job: BuildJob) -> bool:
    """All builds wait in the order in which they came."""
    return False


class LimitedExecutor:
    """An executor of which at most so many builds run at once.

    Args:
        executor: Builds.
        max_parallel: How many at once.
        may_begin: Asked by each build once it has its place; raises when nothing new may begin.
        goes_first: Whether others wait for that image; asked when a place is free, of those that wait for one.
    """

    def __init__(
        self,
        executor: Executor,
        max_parallel: int,
        may_begin: Callable[[], None] = _always,
        goes_first: Callable[[BuildJob], bool] = _nothing_first,
    ) -> None:
        self._executor = executor
        self._max_parallel = max_parallel
        self._free = max_parallel
        self._waiting: list[tuple[BuildJob, asyncio.Future[None]]] = []
        self._may_begin = may_begin
        self._goes_first = goes_first

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Wait for a place, then build."""
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        if not self._free:
            reporter.progress(f"waiting ({self._max_parallel} of {self._max_parallel} places busy)")
        await self._take_place(job)
        waited_s = loop.time() - asked_s
        try:
            self._may_begin()
            built = await self._executor.build(job, reporter)
            phases = built.phases + PhaseSeconds(waiting=round(waited_s, 3))
            return replace(built, waited_s=built.waited_s + waited_s, phases=phases)
        finally:
            self._leave_place()

    async def _take_place(self, job: BuildJob) -> None:
        if self._free:
            self._free -= 1
            return
        mine = job, asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        try:
            await mine[1]
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            else:
                # The slot was handed over just as the waiter was cancelled.
                self._leave_place()
            raise

    def _leave_place(self) -> None:
        # A cancelled waiter stays in the queue until its task goes on.
        waiting = [one for one in self._waiting if not one[1].done()]
        if not waiting:
            self._free += 1
            return
        first = next((one for one in waiting if self._goes_first(one[0])), waiting[0])
        self._waiting.remove(first)
        first[1].set_result(None)


class _Broadcast:
    """Hands one build's progress to everyone who waits for it."""

    def __init__(self) -> None:
        self.reporters: list[Reporter] = []

    def progress(self, line: str) -> None:
        for reporter in self.reporters:
            reporter.progress(line)

    def note(self, line: str) -> None:
        for reporter in self.reporters:
            reporter.note(line)

    def warn(self, line: str) -> None:
        for reporter in self.reporters:
            reporter.warn(line)


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[BuildRecord]
    broadcast: _Broadcast
    waiters: int = 0


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Scheduler:
    """Publishes the images of one program, each key once at a time.

    All callers that ask for the same image for the same place get the same record or the same error. Asked for another
    place (``runs_on``) or with other checks, the second waits for the first, finds its tag, and has it checked by its
    own rules. Asked for     in another repository, it waits too, and is copied from where the first put it.

    Args:
        clock: For the records.
        copier: Copies between repositories; without one, each repository has its own build.
        layer_reader: Reads the layers of what was built; without one, layers are not looked into.
        content_checks: Checks what is in an image; without it, no image is.
        scans: Asks for the registry's own scans, likewise.
    """

    def __init__(
        self,
        clock: Clock,
        copier: ImageCopier | None = None,
        layer_reader: LayerReader | None = None,
        content_checks: ContentChecks | None = None,
        scans: ScanGate | None = None,
    ) -> None:
        self._scans = scans
        self._content_checks = content_checks
        self._clock = clock
        self._looks = LayerLooks(layer_reader) if layer_reader else None
        self._copier = copier
        self._flights: dict[tuple[str, ...], _Flight] = {}
        self._turns: dict[str, _Turn] = {}
        self._held_layers: dict[str, set[str]] = {}

    async def publish(
        self,
        job: BuildJob,
        registry: Registry,
        executor: Executor,
        reporter: Reporter,
        *,
        recorded: RecordedImage | None = None,
        executor_name: str = "local",
        explained: str = "",
        elsewhere: Sequence[Registry] = (),
        before: str = "",
    ) -> BuildRecord:
        """Like ``pipeline.publish``; cancelling the last waiter stops the build and awaits its end.

        ``elsewhere`` are the other repositories in which the same key is wanted or was put before; ``before`` is the
        repository
        of ``recorded``, if it is not the job's.
        """
        checks = job.checks.fingerprint if job.checks else ""
        identity = (job.repository_url, job.key.hex, job.runs_on, job.recipe.platform, checks)
        flight = self._flights.get(identity)
        if flight is None:
            of_before = {before: recorded.digest} if before and recorded is not None else {}
            broadcast = _Broadcast()
            publishing = partial(
                publish,
                job,
                registry,
                executor,
                broadcast,
                self._clock,
                recorded=recorded,
                executor_name=executor_name,
                explained=explained,
                held_layers=self._held_layers.setdefault(job.repository_url, set()),
                copying=Copying(self._copier, elsewhere, of_before) if self._copier else None,
                looks=self._looks,
                content_checks=self._content_checks,
                scans=self._scans,
            )
            task = asyncio.create_task(self._in_turn(job, publishing), name=f"publish {job.name}")
            flight = self._flights[identity] = _Flight(task, broadcast)
            task.add_done_callback(lambda _: self._flights.pop(identity, None))
        flight.broadcast.reporters.append(reporter)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if flight.waiters == 1 and not flight.task.done():
                # A flight that is being stopped must not be joined.
                if self._flights.get(identity) is flight:
                    del self._flights[identity]
                await stop(flight.task)
            raise
        finally:
            flight.waiters -= 1
            flight.broadcast.reporters.remove(reporter)

    async def _in_turn(self, job: BuildJob, publishing: Callable[[], Awaitable[BuildRecord]]) -> BuildRecord:
        async with self._turn(job.key.hex):
            return await publishing()

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncGenerator[None]:
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                self._turns.pop(key, None)


async def stop(task: asyncio.Task[BuildRecord]) -> None:
    """Cancel a task and wait for its end, even when cancelled meanwhile; its result does not matter."""
    task.cancel()
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
