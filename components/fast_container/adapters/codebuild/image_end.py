"""Waits for the end of one image's remote build.

Decides what ends an image: its key tag in the registry, once the build says that it is there; the end of the build; and
of a build of several images its own failure, while the others are built on. A machine that has died is not the end of
an image whose key tag is there. Leaves polling to ``watch``, and the meaning of a line to ``follow``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fast_container.adapters.codebuild.api import Build, images_of
from fast_container.adapters.codebuild.follow import Follow
from fast_container.adapters.codebuild.shared_log import SharedLog
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.core.ports import BuildJob, Registry, Reporter
from fast_container.core.remote.log_lines import image_name
from fast_container.errors import AuthError, BuilderError, RegistryError

_GOES_ON = "The build on AWS goes on; the next `pulumi up` joins it, `fast-container cancel` stops it."


@dataclass(slots=True)
class _Shared:
    log: SharedLog
    ending: asyncio.Task[Build]


@dataclass(slots=True)
class ImageEnds:
    """The images of one project that a program waits for.

    Args:
        watch: The project's poller.
        repository: ``host/name`` → the repository.
    """

    watch: BuildWatch
    repository: Callable[[str], Registry]
    _shared: dict[str, _Shared] = field(default_factory=dict[str, _Shared], init=False)

    async def wait(self, build: Build, job: BuildJob, follow: Follow, reporter: Reporter) -> Build:
        """Wait for the end of an image; return its build, as ``SUCCEEDED`` if the image is in the registry."""
        try:
            if len(images_of(build)) > 1:
                return await self._wait_among_others(build, job, follow)
            return await self._wait_alone(str(build["id"]), job, follow)
        except asyncio.CancelledError:
            reporter.note(_GOES_ON)
            raise
        except (AuthError, BuilderError) as error:
            if _GOES_ON not in error.next_step:
                error.next_step = f"{error.next_step} {_GOES_ON}".strip()
            raise

    async def _wait_alone(self, build_id: str, job: BuildJob, follow: Follow) -> Build:
        ending = asyncio.ensure_future(self.watch.wait(build_id, follow))
        try:
            await _first(ending, follow.said_end)
            if not ending.done() and follow.built and await self._is_published(job):
                return _ended(follow.build, "SUCCEEDED")
            return await ending
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)

    async def _wait_among_others(self, build: Build, job: BuildJob, follow: Follow) -> Build:
        build_id = str(build["id"])
        shared = self._shared.get(build_id)
        if shared is None:
            log = SharedLog()
            ending = asyncio.create_task(self.watch.wait(build_id, log), name=f"the end of {build_id}")
            shared = self._shared[build_id] = _Shared(log, ending)
        try:
            with shared.log.told_to(image_name(job.key.hex, job.repository_url), follow):
                return await self._end_among_others(build, job, follow, shared.ending)
        finally:
            if not shared.log.is_followed:
                self._shared.pop(build_id, None)
                shared.ending.cancel()
                await asyncio.gather(shared.ending, return_exceptions=True)

    async def _end_among_others(
        self, build: Build, job: BuildJob, follow: Follow, ending: asyncio.Task[Build]
    ) -> Build:
        await _first(ending, follow.said_end)
        if not ending.done():
            is_published = await self._is_published(job)
            if is_published:
                return _ended(follow.build or build, "SUCCEEDED")
            if not follow.built:
                return _ended(follow.build or build, "FAILED")
        ended = await asyncio.shield(ending)
        # The machine may have died, or another image have failed: the key tag decides.
        if ended["buildStatus"] != "SUCCEEDED" and await self._found(job):
            return {**ended, "buildStatus": "SUCCEEDED"}
        return ended

    async def _is_published(self, job: BuildJob) -> bool:
        try:
            return await self._found(job)
        except RegistryError:
            return False  # The build's end tells.

    async def _found(self, job: BuildJob) -> bool:
        return bool(await self.repository(job.repository_url).find([job.key.tag]))


async def _first(ending: asyncio.Future[Build], said_end: asyncio.Event) -> None:
    """Wait for the end of a build, or for the line that says how it has ended."""
    saying = asyncio.ensure_future(said_end.wait())
    try:
        await asyncio.wait((ending, saying), return_when=asyncio.FIRST_COMPLETED)
    finally:
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)


def _ended(build: Build, status: str) -> Build:
    return {**build, "buildStatus": status, "endTime": datetime.now(UTC)}
