"""Starts the remote build of an image, or of several, unless one of them is under way already.

Decides what is joined, that one start repeated is one build (its token), and how long limits are waited out for an
image that is alone. Leaves what a build is given to ``request``, and which images begin together to ``gathering``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fast_container.adapters.codebuild.api import RUNNING, Build, CodeBuildApi, LimitReached, link_of
from fast_container.adapters.codebuild.gathering import WantedImage, not_started
from fast_container.adapters.codebuild.request import Requests, Uploaded
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.adapters.threads import in_thread
from fast_container.core.spelling import counted

_LONGEST_PAUSE_S: Final = 30.0
_LONGER: Final = 1.5


@dataclass(frozen=True, slots=True)
class Starts:
    """The starts of one executor; see its arguments.

    Attributes:
        requests: Makes requests as the executor's settings are now.
    """

    api: CodeBuildApi
    watch: BuildWatch
    requests: Callable[[], Requests]
    queue_timeout_s: float
    limit_pause_s: float

    async def latest(self, image: WantedImage) -> tuple[Build | None, Build | None]:
        """Return the image's build that is under way, as joined, and its last one that has ended."""
        job = image.job
        running, finished = await self.watch.latest(job.key.hex, job.repository_url, image.done_with)
        if running is not None:
            image.reporter.note(f"joined the build that is under way: {link_of(running)}")
        return running, finished

    async def begin_alone(self, image: WantedImage, finished: Build | None) -> Build:
        """Upload and start the build of one image; wait limits out.

        Args:
            image: The image.
            finished: Its last build.
        """
        requests, begun_s = self.requests(), self.watch.now_s()
        uploaded = await self._sources_of(image, requests)
        request, sent_bytes = await requests.request([image.job], [uploaded])
        image.reporter.note(uploaded.summary(sent_bytes))
        if self.watch.now_s() - begun_s > self.watch.first_pause_s:
            # While this machine was uploading, another may have started the same build.
            self.watch.forget_recent()
            running, finished = await self.latest(image)
            if running is not None:
                return running

        async def start(with_token: Mapping[str, Any]) -> Build:
            return await self._start_in_time(image, with_token)

        return await self._started([image], request, str((finished or {}).get("id", "")), start)

    async def begin_together(self, group: Sequence[WantedImage]) -> Sequence[WantedImage]:
        """Start one build of several images, hand it over to them and return them.

        Others of the group have joined another build, or have failed by themselves.

        Raises:
            LimitReached: There is no place; the images that still wait have been uploaded.
        """
        begun_s = self.watch.now_s()
        group, last = await self._not_under_way(group)
        await asyncio.gather(*(self._upload(image) for image in group))
        if self.watch.now_s() - begun_s > self.watch.first_pause_s:
            self.watch.forget_recent()
            group, last = await self._not_under_way(group)
        together = [(image, image.uploaded) for image in group if image.is_waiting and image.uploaded is not None]
        if not together:
            return ()
        images = [image for image, _ in together]
        request, _ = await self.requests().request(
            [image.job for image in images], [uploaded for _, uploaded in together]
        )

        async def start(with_token: Mapping[str, Any]) -> Build:
            return await self._start_unthrottled(images, with_token)

        build = await self._started(images, request, last, start)
        others = f" with {counted(len(images) - 1, 'other image')}" if len(images) > 1 else ""
        for image in images:
            image.reporter.note(f"building on CodeBuild{others}, also if this run is interrupted: {link_of(build)}")
            image.begins(build)
        return images

    async def _not_under_way(self, group: Sequence[WantedImage]) -> tuple[list[WantedImage], str]:
        """Hand over builds that are under way; the other images, and the ids of their last builds."""
        left, last = list[WantedImage](), list[str]()
        for image in group:
            if not image.is_waiting:
                continue
            running, finished = await self.latest(image)
            if running is not None:
                image.begins(running)
                continue
            left.append(image)
            last += [str(finished["id"])] if finished else []
        return left, " ".join(sorted(set(last)))

    async def _upload(self, image: WantedImage) -> None:
        if image.uploaded is not None:
            return
        try:
            image.uploaded = await self._sources_of(image, self.requests())
            image.reporter.note(image.uploaded.summary())
        except Exception as error:  # noqa: BLE001, RUF100 - it is the error of this image alone
            image.fails(error)

    async def _sources_of(self, image: WantedImage, requests: Requests) -> Uploaded:
        begun_s = self.watch.now_s()
        uploaded = await requests.upload(image.job, image.reporter)
        image.uploading_s += self.watch.now_s() - begun_s
        image.sent_bytes += uploaded.sent_bytes
        return uploaded

    async def _started(
        self,
        images: Sequence[WantedImage],
        request: Mapping[str, Any],
        last: str,
        start: Callable[[Mapping[str, Any]], Any],
    ) -> Build:
        """Start a build that runs.

        Args:
            images: Its images.
            request: Without a token.
            last: Their builds before: a token lasts five minutes and would return a build that has failed meanwhile.
            start: Starts what is requested.
        """
        keys = " ".join(image.job.key.hex for image in images)
        while True:
            # Projects that share a bucket share the tokens of an account.
            words = [self.api.project, keys, request, last]
            token = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
            build: Build = await start({**request, "idempotencyToken": token})
            if build.get("buildStatus") in (RUNNING, None):
                self.watch.remember(build)
                return build
            last = str(build["id"])

    async def _start_in_time(self, image: WantedImage, request: Mapping[str, Any]) -> Build:
        deadline_s = self.watch.now_s() + self.queue_timeout_s
        pause_s = self.limit_pause_s
        while True:
            try:
                build = await in_thread(self.api.start, request)
                image.reporter.note(f"building on CodeBuild, also if this run is interrupted: {link_of(build)}")
                return build
            except LimitReached as error:
                if self.watch.now_s() + pause_s > deadline_s:
                    raise not_started(self.api.project, error) from error
                image.reporter.progress(f"waiting for CodeBuild: {error}")
            await self.watch.sleep(pause_s)
            image.on_waited(pause_s)
            pause_s = min(pause_s * _LONGER, _LONGEST_PAUSE_S)
            # Another machine's build of this image may have got the place.
            running, _ = await self.latest(image)
            if running is not None:
                return running

    async def _start_unthrottled(self, images: Sequence[WantedImage], request: Mapping[str, Any]) -> Build:
        """Start it; ask again while CodeBuild is asked too often, which does not mean that there is no place."""
        deadline_s = self.watch.now_s() + self.queue_timeout_s
        pause_s = self.limit_pause_s
        while True:
            try:
                return await in_thread(self.api.start, request)
            except LimitReached as error:
                if not error.is_throttled or self.watch.now_s() + pause_s > deadline_s:
                    raise
                for image in images:
                    image.reporter.progress(f"waiting for CodeBuild: {error}")
            await self.watch.sleep(pause_s)
            for image in images:
                image.on_waited(pause_s)
            pause_s = min(pause_s * _LONGER, _LONGEST_PAUSE_S)
