"""Gathers the images that wait for a build, and lets those begin that have a place; several may share one build.

Decides when builds begin: at most so many of this program at once, none while CodeBuild has builds of it in its own
queue, and after a refused start one at a time, as soon as there may be a place. Images that were refused wait again,
with all others, so that those that cannot begin share. A place is free again once all images of its build have left.
Leaves which images share to ``core.remote.grouping``, and starting a build to its caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fast_container.adapters.codebuild.api import Build, LimitReached
from fast_container.adapters.codebuild.request import Uploaded
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.core.ports import BuildJob, Reporter
from fast_container.core.remote.grouping import next_group
from fast_container.core.spelling import counted
from fast_container.errors import BuilderError, FastContainerError

# Images of one `up` ask one after the other; a machine needs tens of seconds to be there.
GATHER_S: Final = 0.2
_REFUSED_AGAIN: Final = 1.5
_LONGEST_REFUSED_S: Final = 30.0


@dataclass(eq=False, slots=True)
class WantedImage:
    """An image that wants a build, for one call of the executor.

    Attributes:
        on_waited: Called with the seconds of every pause in which there was no place.
        number: Its turn: the order in which images came.
        alone: Whether it gets a build of its own in any case.
        done_with: Ids of builds in which it has ended already, though they may run on for others.
        uploading_s: Seconds in which its sources were uploaded.
        sent_bytes: Bytes of them that S3 did not have.
        uploaded: Its sources, while they wait in the bucket for a build to begin.
    """

    job: BuildJob
    reporter: Reporter
    on_waited: Callable[[float], None]
    number: int = 0
    alone: bool = False
    done_with: set[str] = field(default_factory=set[str])
    uploading_s: float = 0.0
    sent_bytes: int = 0
    uploaded: Uploaded | None = None
    refused_since_s: float | None = None
    _since_s: float = field(default=0.0, init=False)
    _build: asyncio.Future[Build] | None = field(default=None, init=False)

    async def begun(self, now_s: float) -> Build:
        """Wait until it has a build."""
        self._since_s, self.refused_since_s = now_s, None
        self._build = asyncio.get_running_loop().create_future()
        return await self._build

    @property
    def is_waiting(self) -> bool:
        """Whether it still needs a build: it has none, and its caller is there."""
        return self._build is not None and not self._build.done()

    def gets_place(self, now_s: float) -> None:
        """Note that it waits no more, for now."""
        self.on_waited(now_s - self._since_s)

    def waits_again(self, now_s: float) -> None:
        """Note that there was no place."""
        self._since_s = now_s

    def begins(self, build: Build) -> None:
        """Hand over the build."""
        self.uploaded = None
        if self._build is not None and self.is_waiting:
            self._build.set_result(build)

    def fails(self, error: BaseException) -> None:
        """Hand over an error; a copy, since others get it too, and each adds to its own."""
        if self._build is not None and self.is_waiting:
            own = error.__new__(type(error), *error.args)
            own.__dict__.update(error.__dict__)
            own.__cause__ = error.__cause__
            self._build.set_exception(own)


@dataclass(frozen=True, slots=True)
class Sharing:
    """How the images of one executor share builds.

    Attributes:
        places: Builds at once.
        most: Images of one build at most.
        fills: Whether images share a build although places are free.
        may_begin: Raises when nothing new may begin.
        goes_first: Whether others wait for that image.
    """

    places: int
    most: int
    fills: bool
    may_begin: Callable[[], None]
    goes_first: Callable[[BuildJob], bool]


@dataclass(eq=False, slots=True)
class _Place:
    images: list[WantedImage]
    is_probe: bool
    has_begun: bool = False
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Gathering:
    """The images of one executor; see the module. Lives in one event loop.

    Args:
        watch: The project's poller, for its clock and for what is in CodeBuild's queue.
        sharing: The rules.
        begin: Starts one build of several images and hands it over, or an error, to each; returns those that are in it.
            ``LimitReached`` if there is no place.
        queue_timeout_s: How long refused starts are waited out.
        refused_pause_s: Seconds before the first time that a refused start is tried again.
    """

    watch: BuildWatch
    sharing: Sharing
    begin: Callable[[Sequence[WantedImage]], Awaitable[Sequence[WantedImage]]]
    queue_timeout_s: float
    refused_pause_s: float
    _waiting: list[WantedImage] = field(default_factory=list[WantedImage], init=False)
    _taken: list[_Place] = field(default_factory=list[_Place], init=False)
    _dispatcher: asyncio.Task[None] | None = field(default=None, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _freed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _count: int = field(default=0, init=False)
    _refused: bool = field(default=False, init=False)
    _pause_s: float = field(default=0.0, init=False)
    _is_pause_due: bool = field(default=False, init=False)

    def number(self) -> int:
        """Return the next turn."""
        self._count += 1
        return self._count

    @asynccontextmanager
    async def begun(self, image: WantedImage) -> AsyncGenerator[Build]:
        """Wait for a place and for the build's begin; the place is kept as long as the block runs.

        Raises:
            BuilderError: Nothing new may begin, or CodeBuild has taken no build for too long.
        """
        if not self._free():
            image.reporter.progress(f"waiting ({counted(len(self._taken), 'build')} of this program under way)")
        self._waiting.append(image)
        self._wake()
        try:
            yield await image.begun(self.watch.now_s())
        finally:
            self.leave(image)

    def leave(self, image: WantedImage) -> None:
        """Let an image go: it does not wait any more, or needs no place."""
        if image in self._waiting:
            self._waiting.remove(image)
        place = next((place for place in self._taken if image in place.images), None)
        if place is not None:
            place.images.remove(image)
            if not place.images:
                self._taken.remove(place)
                if place.has_begun:
                    self._freed.set()
                if place.task is not None and place.task is not asyncio.current_task():
                    place.task.cancel()  # Without effect once its build has begun.
        self._news.set()

    def _free(self) -> int:
        if self.watch.has_queued:
            return 0
        free = max(0, self.sharing.places - len(self._taken))
        return min(free, 1) if self._refused else free

    def _wake(self) -> None:
        if self._dispatcher is None or self._dispatcher.done():
            # Those of the loop that runs now.
            self._news, self._freed = asyncio.Event(), asyncio.Event()
            self._dispatcher = asyncio.create_task(self._dispatch(), name="images that wait for CodeBuild")
        self._news.set()

    async def _dispatch(self) -> None:
        try:
            await self.watch.sleep(GATHER_S)
            while self._waiting:
                await self._step()
        except Exception as error:  # noqa: BLE001, RUF100 - whatever it is, those who wait must hear of it
            for image in self._waiting:
                image.fails(error)
        self._refused = False

    async def _step(self) -> None:
        """Let one build begin, or wait until one may."""
        self._news.clear()
        if self._is_pause_due:
            self._is_pause_due = False
            await self._pause(self._pause_s)
        elif self.watch.has_queued:
            await self._pause(self.watch.first_pause_s)
        elif not (free := self._free()):
            await self._news.wait()
        else:
            await self._give_place(free)

    async def _give_place(self, free: int) -> None:
        sharing = self.sharing
        waiting = sorted(self._waiting, key=lambda image: (not sharing.goes_first(image.job), image.number))
        group = next_group(waiting, 1 if sharing.fills else free, sharing.most)
        for image in group:
            self._waiting.remove(image)
        try:
            sharing.may_begin()
        except FastContainerError as error:
            for image in group:
                image.fails(error)
            return
        place = _Place(list(group), self._refused)
        self._taken.append(place)
        for image in group:
            image.gets_place(self.watch.now_s())
        place.task = asyncio.create_task(self._serve(place, group), name="a build on CodeBuild begins")
        if self._refused:
            await asyncio.wait([place.task])

    async def _serve(self, place: _Place, group: Sequence[WantedImage]) -> None:
        try:
            started = await self.begin(group)
            self._pause_s = self.refused_pause_s
            place.has_begun = bool(started)
            for image in group:
                if image not in started:
                    self.leave(image)
        except LimitReached as error:
            if place.is_probe:
                self._pause_s = min(self._pause_s * _REFUSED_AGAIN, _LONGEST_REFUSED_S)
            elif not self._refused:
                self._pause_s = self.refused_pause_s
            self._refused = self._is_pause_due = True
            for image in group:
                if image.is_waiting:
                    self._put_back(image, error)
        except Exception as error:  # noqa: BLE001, RUF100 - whatever it is, those who wait must hear of it
            for image in group:
                image.fails(error)

    def _put_back(self, image: WantedImage, error: LimitReached) -> None:
        now_s = self.watch.now_s()
        image.refused_since_s = now_s if image.refused_since_s is None else image.refused_since_s
        if now_s + self._pause_s - image.refused_since_s > self.queue_timeout_s:
            image.fails(not_started(self.watch.api.project, error))
            return
        image.reporter.progress(f"waiting for CodeBuild: {error}")
        self.leave(image)
        image.waits_again(now_s)
        self._waiting.append(image)
        self._wake()

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until a build of this program has left its place."""
        self._freed.clear()
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self.watch.sleep(seconds)),
            asyncio.ensure_future(self._freed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def not_started(project: str, error: LimitReached) -> BuilderError:
    """Make the error for a build that CodeBuild has not taken for too long."""
    return BuilderError(
        "CodeBuild did not start the build within the queue's time limit.",
        where=f"project {project}",
        why=str(error),
        next_step="Ask for a higher quota of concurrent builds (Service Quotas, CodeBuild).",
    )
