"""Watches the builds of a project: one poller for all of them.

Decides that one call asks for 100 builds, that logs are read so often as CloudWatch allows, how long problems are
tolerated (a lost connection, expired credentials that may be renewed, throttling), and which running build is the one
that another machine has started for the same image. Leaves how often CodeBuild is asked to
``adapters.codebuild.pauses``, and the meaning of an end to ``adapters.codebuild.executor``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from fast_container.adapters.aws_session import ExpiredCredentialsError
from fast_container.adapters.codebuild.api import QUEUED, RUNNING, Build, CodeBuildApi, LimitReached, images_of, passes
from fast_container.adapters.codebuild.pauses import next_pause_s, pause_of
from fast_container.adapters.threads import in_thread
from fast_container.errors import AuthError, BuilderError, FastContainerError

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 10.0
_BACK_OFF = 1.3
_RECENT_S = 15.0
_MISSING_POLLS = 5
# How long a lost connection, and expired credentials, are tolerated; AWS goes on building meanwhile.
_PATIENCE_S = 600.0
# GetLogEvents is limited to 10 calls a second in an account and region.
_LOG_PAUSE_S = 0.15
# Logs that are read before CodeBuild is asked again; those that were not read come first next time.
_LOGS_A_LOOK = 12
_LAST_LOOKS = 5
# After success, the last lines hold nothing but figures.
_LAST_LOOKS_AT_SUCCESS = 2
_LAST_PAUSE_S = 1.0


class Follower(Protocol):
    """Gets the news of one build."""

    def on_build(self, build: Build) -> None:
        """Called with every look at the build."""
        ...

    def on_line(self, line: str) -> None:
        """Called with every line of the build's log."""
        ...

    def on_trouble(self, what: str) -> None:
        """Called while the build cannot be looked at."""
        ...

    def expects_lines(self, build: Build) -> bool:
        """Whether the log of a build that has ended still lacks its last lines."""
        ...

    @property
    def ends_soon(self) -> bool:
        """Whether the log says that the build has done its work."""
        ...


@dataclass(slots=True)
class _Watch:
    done: asyncio.Future[Build]
    follower: Follower
    begun_s: float
    token: str = ""
    last_read: int = 0
    unseen: int = 0
    has_log: bool = True


@dataclass(slots=True)
class BuildWatch:
    """The builds of one project that a program waits for. Lives in one event loop.

    Args:
        api: The project.
        first_pause_s: Seconds between the first looks.
        sleep: Waits.
        now_s: A clock for durations.
        with_logs: Whether logs are read.
    """

    api: CodeBuildApi
    first_pause_s: float = _FIRST_PAUSE_S
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    now_s: Callable[[], float] = time.monotonic
    with_logs: bool = True
    _watches: dict[str, list[_Watch]] = field(default_factory=dict[str, list[_Watch]], init=False)
    _poller: asyncio.Task[None] | None = field(default=None, init=False)
    _recent: tuple[float, list[Build]] | None = field(default=None, init=False)
    _listing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _looks: int = field(default=0, init=False)
    _has_queued: bool = field(default=False, init=False)
    _troubles: int = field(default=0, init=False)
    _log_free_s: float = field(default=0.0, init=False)
    _trouble_since_s: float | None = field(default=None, init=False)

    async def wait(self, build_id: str, follower: Follower) -> Build:
        """Wait for a build's end and the last of its log.

        Raises:
            AuthError: Credentials expired or do not allow it; the build goes on.
            BuilderError: CodeBuild cannot be asked, or has lost the build.
        """
        done = asyncio.get_running_loop().create_future()
        watch = _Watch(done, follower, self.now_s(), has_log=self.with_logs)
        self._watches.setdefault(build_id, []).append(watch)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name=f"builds of {self.api.project}")
        try:
            return await watch.done
        finally:
            self._watches[build_id].remove(watch)
            if not self._watches[build_id]:
                del self._watches[build_id]

    async def latest(
        self, build_key: str, repository_url: str, besides: Collection[str] = ()
    ) -> tuple[Build | None, Build | None]:
        """Return the running and the last finished build of an image, started by any machine.

        Args:
            build_key: The image's.
            repository_url: Likewise.
            besides: Ids of builds that have done with the image, though they may run on for others.
        """
        async with self._listing:
            if self._recent is None or self.now_s() - self._recent[0] > _RECENT_S:
                self._recent = (self.now_s(), await self._patiently(self.api.recent))
        mine = [build for build in self._recent[1] if (build_key, repository_url) in images_of(build)]
        current = [build for build in mine if build["id"] not in besides]
        running = next((build for build in current if build.get("buildStatus") == RUNNING), None)
        return running, next((build for build in mine if build.get("buildStatus") != RUNNING), None)

    @property
    def has_queued(self) -> bool:
        """Whether a build that is waited for was in CodeBuild's own queue when it was last looked at."""
        return self._has_queued and bool(self._watches)

    def remember(self, build: Build) -> None:
        """Take a build that was just started into account, without listing them anew."""
        if self._recent is not None:
            self._recent[1].insert(0, build)

    def forget_recent(self) -> None:
        """List the builds anew next time."""
        self._recent = None

    async def _patiently(self, ask: Callable[[], list[Build]]) -> list[Build]:
        pause_s = self.first_pause_s
        while True:
            try:
                return await in_thread(ask)
            except LimitReached:
                await self.sleep(pause_s)
                pause_s = min(pause_s * _BACK_OFF, _LONGEST_PAUSE_S)

    async def _poll(self) -> None:
        try:
            while self._watches:
                await self.sleep(self._pause_s())
                await self._look()
        except Exception as error:  # noqa: BLE001, RUF100 - whatever it is, those who wait must hear of it
            for watch in self._all():
                if not watch.done.done():
                    watch.done.set_exception(error)

    def _pause_s(self) -> float:
        now_s = self.now_s()
        pauses = [
            pause_of(now_s - watch.begun_s, self.first_pause_s, ends_soon=watch.follower.ends_soon)
            for watch in self._all()
        ]
        return next_pause_s(pauses, self.first_pause_s, self._troubles)

    async def _look(self) -> None:
        self._looks += 1
        asked = list(self._watches)
        try:
            builds = await in_thread(self.api.builds, asked)
        except (AuthError, BuilderError, LimitReached) as error:
            self._troubles += 1
            self._bear(error)
            return
        self._trouble_since_s, self._troubles = None, 0
        self._has_queued = any(build.get("currentPhase") == QUEUED for build in builds.values())
        found = [(one, watch, builds.get(one)) for one in asked for watch in self._watches.get(one, ())]

        def order(one: tuple[str, _Watch, Build | None]) -> tuple[bool, int]:
            """Finished builds first: they are waited for, and logs take time; then the logs that waited longest."""
            return (one[2] or {}).get("buildStatus") == RUNNING, one[1].last_read

        logs = 0
        for build_id, watch, build in sorted(found, key=order):
            if not watch.done.done():
                try:
                    await self._tell(build_id, watch, build, with_log=logs < _LOGS_A_LOOK)
                    logs += 1
                except Exception as error:  # noqa: BLE001, RUF100 - the other builds are watched on
                    if not watch.done.done():
                        watch.done.set_exception(error)

    def _bear(self, error: FastContainerError | LimitReached) -> None:
        """Raise an error that waiting cannot help, or has not helped for long enough."""
        if isinstance(error, LimitReached):
            what = "CodeBuild is asked too often"
        elif isinstance(error, ExpiredCredentialsError):
            what = "the AWS credentials have expired: log in again, this run uses the new ones"
            self.api.renew()
        elif passes(error):
            what = "no connection to AWS"
        else:
            raise error
        now_s = self.now_s()
        self._trouble_since_s = now_s if self._trouble_since_s is None else self._trouble_since_s
        if not isinstance(error, LimitReached) and now_s - self._trouble_since_s > _PATIENCE_S:
            raise error
        for watch in self._all():
            watch.follower.on_trouble(what)

    async def _tell(self, build_id: str, watch: _Watch, build: Build | None, *, with_log: bool) -> None:
        if build is None:
            watch.unseen += 1
            if watch.unseen >= _MISSING_POLLS and not watch.done.done():
                watch.done.set_exception(
                    BuilderError("CodeBuild does not know a build that it has started.", where=build_id)
                )
            return
        watch.unseen = 0
        watch.follower.on_build(build)
        if build.get("buildStatus") == RUNNING:
            if with_log:
                await self._read_page(build, watch)
            return
        looks = _LAST_LOOKS_AT_SUCCESS if build.get("buildStatus") == "SUCCEEDED" else _LAST_LOOKS
        for look in range(looks):
            if look:
                # CloudWatch has a build's last lines some seconds after CodeBuild knows its end.
                await self.sleep(_LAST_PAUSE_S)
            while await self._read_page(build, watch) and not watch.follower.ends_soon:
                pass
            if not watch.has_log or not watch.follower.expects_lines(build):
                break
        if not watch.done.done():
            watch.done.set_result(build)

    async def _read_page(self, build: Build, watch: _Watch) -> bool:
        """Read what is next in a log; whether there may be more."""
        if not watch.has_log:
            return False
        before, watch.last_read = watch.token, self._looks
        await self.sleep(max(0.0, self._log_free_s - self.now_s()))
        self._log_free_s = self.now_s() + _LOG_PAUSE_S
        try:
            lines, watch.token = await in_thread(self.api.log_lines, build, before)
        except AuthError as error:
            # The build's end is known without its log.
            watch.has_log = False
            watch.follower.on_trouble(f"no live log: {error.what} {error.next_step}")
            return False
        for line in lines:
            watch.follower.on_line(line)
        return watch.token != before

    def _all(self) -> list[_Watch]:
        return [watch for watches in self._watches.values() for watch in watches]
