"""Watches the builds of a project: one poller for all of them.

Decides how often CodeBuild is asked (every 2 s at first, backing off to 10 s), that one call asks for 100 builds, and
which running build is the one that another machine has started for the same image. Leaves the meaning of an end to
``adapters.codebuild``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from fast_container.adapters.codebuild_api import Build, CodeBuildApi
from fast_container.errors import AuthError, BuilderError

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 10.0
_BACK_OFF = 1.3
_RECENT_S = 15.0
_MISSING_POLLS = 5
# GetLogEvents is limited to 10 calls a second in an account and region.
_LOG_PAUSE_S = 0.15

KEY_VARIABLE = "FAST_CONTAINER_KEY"
REPOSITORY_VARIABLE = "FAST_CONTAINER_REPOSITORY"


@dataclass(slots=True)
class _Watch:
    done: asyncio.Future[Build]
    on_build: Callable[[Build], None]
    on_line: Callable[[str], None]
    token: str = ""
    unseen: int = 0


@dataclass(slots=True)
class BuildWatch:
    """The builds of one project that a program waits for. Lives in one event loop.

    Args:
        api: The project.
        first_pause_s: Seconds between the first looks.
    """

    api: CodeBuildApi
    first_pause_s: float = _FIRST_PAUSE_S
    _watches: dict[str, _Watch] = field(default_factory=dict[str, _Watch], init=False)
    _poller: asyncio.Task[None] | None = field(default=None, init=False)
    _recent: tuple[float, list[Build]] | None = field(default=None, init=False)
    _listing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _pause_s: float = field(default=_FIRST_PAUSE_S, init=False)

    async def wait(self, build_id: str, on_build: Callable[[Build], None], on_line: Callable[[str], None]) -> Build:
        """Wait for a build's end and the last of its log.

        Raises:
            AuthError: Credentials expired or do not allow it; the build goes on.
            BuilderError: CodeBuild cannot be asked, or has lost the build.
        """
        watch = _Watch(asyncio.get_running_loop().create_future(), on_build, on_line)
        self._watches[build_id] = watch
        self._pause_s = self.first_pause_s
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name=f"builds of {self.api.project}")
        try:
            return await watch.done
        finally:
            self._watches.pop(build_id, None)

    async def latest(self, build_key: str, repository_url: str) -> tuple[Build | None, Build | None]:
        """The running and the last finished build of an image, started by whichever machine."""
        async with self._listing:
            if self._recent is None or time.monotonic() - self._recent[0] > _RECENT_S:
                self._recent = (time.monotonic(), await asyncio.to_thread(self.api.recent))
        mine = [build for build in self._recent[1] if _image_of(build) == (build_key, repository_url)]
        running = next((build for build in mine if build.get("buildStatus") == "IN_PROGRESS"), None)
        return running, next((build for build in mine if build.get("buildStatus") != "IN_PROGRESS"), None)

    def forget_recent(self) -> None:
        """List the builds anew next time."""
        self._recent = None

    async def _poll(self) -> None:
        while self._watches:
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * _BACK_OFF, _LONGEST_PAUSE_S)
            watched = dict(self._watches)
            if not watched:
                return
            try:
                builds = await asyncio.to_thread(self.api.builds, list(watched))
            except (AuthError, BuilderError) as error:
                for watch in watched.values():
                    if not watch.done.done():
                        watch.done.set_exception(error)
                return
            for build_id, watch in watched.items():
                await self._look(build_id, watch, builds.get(build_id))

    async def _look(self, build_id: str, watch: _Watch, build: Build | None) -> None:
        if build is None:
            watch.unseen += 1
            if watch.unseen >= _MISSING_POLLS and not watch.done.done():
                watch.done.set_exception(
                    BuilderError("CodeBuild does not know a build that it has started.", where=build_id)
                )
            return
        watch.unseen = 0
        watch.on_build(build)
        await self._read_log(build, watch)
        if build.get("buildStatus") != "IN_PROGRESS" and not watch.done.done():
            await self._read_log(build, watch)
            watch.done.set_result(build)

    async def _read_log(self, build: Build, watch: _Watch) -> None:
        while True:
            before = watch.token
            with suppress(AuthError, BuilderError):
                lines, watch.token = await asyncio.to_thread(self.api.log_lines, build, before)
                for line in lines:
                    watch.on_line(line)
            await asyncio.sleep(_LOG_PAUSE_S)
            if watch.token == before:
                return


def _image_of(build: Build) -> tuple[str, str]:
    environment = cast("Mapping[str, Any]", build.get("environment") or {})
    variables = {
        str(variable["name"]): str(variable["value"])
        for variable in cast("list[Mapping[str, Any]]", environment.get("environmentVariables") or [])
    }
    return variables.get(KEY_VARIABLE, ""), variables.get(REPOSITORY_VARIABLE, "")
