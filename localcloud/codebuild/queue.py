"""Which builds run, which wait, and which are refused.

Decides by the account's limit of concurrent builds for each environment and compute type: over it builds wait in the
order in which they came, up to five times as many; over that, and over a project's own limit, StartBuild fails (AWS,
"Builds in AWS CodeBuild"). Each build has a thread of its own, which waits here for its turn.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from localcloud.aws_api import ApiError
from localcloud.codebuild.builds import Build
from localcloud.codebuild.faults import Faults

_QUEUE_FACTOR = 5
"""The queue holds so many times the account's limit."""

_CLOSING_S = 3.0


class BuildQueue:
    """The builds that have not ended.

    Args:
        faults: The limits that a test set.
        run: Runs a build from PROVISIONING on; returns its status.
    """

    def __init__(self, faults: Faults, run: Callable[[Build], str]) -> None:
        self._faults = faults
        self._run = run
        self._changed = threading.Condition()
        self._waiting: list[Build] = []
        self._running: list[Build] = []
        self._closed = False

    def admit(self, build: Build, project_limit: int | None) -> dict[str, Any]:
        """Takes a build in; returns how it looks before it has its turn.

        Raises:
            ApiError: A limit is reached.
        """
        limit = self._faults.limits.account_limit
        with self._changed:
            if self._closed:
                raise ApiError("InternalFailure", "the local cloud is stopping", 500)
            active = [one for one in (*self._running, *self._waiting) if one.project_arn == build.project_arn]
            if project_limit is not None and len(active) >= project_limit:
                text = f"Cannot have more than {project_limit} active builds for the project"
                raise ApiError("AccountLimitExceededException", text)
            running = sum(one.slot == build.slot for one in self._running)
            waiting = sum(one.slot == build.slot for one in self._waiting)
            if running + waiting >= limit * (1 + _QUEUE_FACTOR):
                text = f"Cannot have more than {limit * _QUEUE_FACTOR} builds in queue for the account"
                raise ApiError("AccountLimitExceededException", text)
            build.enter("SUBMITTED")
            build.enter("QUEUED")
            self._waiting.append(build)
        shown = build.shown()
        threading.Thread(target=self._serve, args=(build,), name=f"build {build.id}", daemon=True).start()
        return shown

    def wake(self) -> None:
        """Lets waiting builds look again: a limit has changed, or one of them is to stop."""
        with self._changed:
            self._changed.notify_all()

    def stop(self, build: Build, status: str = "STOPPED") -> None:
        """Ends a build from outside; its thread does the rest."""
        with build.lock:
            build.stop_reason = build.stop_reason or status
        self.wake()

    def close(self) -> None:
        """Ends all builds and waits for them a little."""
        with self._changed:
            self._closed = True
            builds = [*self._running, *self._waiting]
        for build in builds:
            self.stop(build)
        deadline = time.monotonic() + _CLOSING_S
        for build in builds:
            build.ended.wait(timeout=max(0.0, deadline - time.monotonic()))

    def _serve(self, build: Build) -> None:
        try:
            status = self._wait(build) or self._run(build)
        except Exception as error:
            build.leave("FAULT", "INTERNAL_SERVICE_ERROR", f"the local cloud: {error!r}")
            status = "FAULT"
            traceback.print_exc()  # into the supervisor's log
        finally:
            with self._changed:
                for builds in (self._waiting, self._running):
                    if build in builds:
                        builds.remove(build)
                self._changed.notify_all()
            build.complete(status)

    def _wait(self, build: Build) -> str:
        """Waits for the build's turn; returns "" when it has come, else the status that it ends with."""
        limits = self._faults.limits
        began = time.monotonic()
        deadline = began + build.settings["queuedTimeoutInMinutes"] * limits.minute_s
        with self._changed:
            while not build.stop_reason:
                limits = self._faults.limits
                now = time.monotonic()
                if now >= deadline:
                    build.leave("TIMED_OUT", "BUILD_QUEUE_TIMED_OUT", "Build has timed out in the queue.")
                    return "TIMED_OUT"
                ready_at = began + limits.queue_s
                if now >= ready_at and not limits.hold and self._next(build, limits.account_limit):
                    self._waiting.remove(build)
                    self._running.append(build)
                    return ""
                self._changed.wait(timeout=min(deadline, ready_at if ready_at > now else deadline) - now)
        build.leave("STOPPED")
        return build.stop_reason

    def _next(self, build: Build, limit: int) -> bool:
        running = sum(one.slot == build.slot for one in self._running)
        first = next(one for one in self._waiting if one.slot == build.slot)
        return running < limit and first is build
