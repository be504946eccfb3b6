"""CodeBuild and CloudWatch Logs as a client sees them, with builds that end as a test says; and a clock to go with."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from fast_container.adapters.codebuild.own_zipapp import program_bytes

# Each test has executors of its own; the program that they pack has the same bytes each time (``test_own_zipapp``).
packed_once = functools.cache(program_bytes)


def refusal(code: str, message: str = "", operation: str = "StartBuild") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class End:
    """How a build gets on: after so many looks it has ended."""

    status: str = "SUCCEEDED"
    lines: list[str] = field(default_factory=list)
    looks: int = 2
    phase: str = "BUILD"
    cause: str = ""
    queued_s: float = 0.0
    ran_s: float = 0.0


class FakeCodeBuild:
    """One project. ``ends`` are used up by starts, or ``end_of`` tells it by the request; ``fail`` maps an operation to
    errors that are used up by calls."""

    def __init__(self) -> None:
        self.meta = SimpleNamespace(region_name="eu-west-1")
        self.ends: list[End] = []
        self.fail: dict[str, list[Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.calls: Counter[str] = Counter()
        self.builds: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.asked: list[int] = []
        self.hidden: set[str] = set()
        self.queued: set[str] = set()
        self.on_start: Callable[[], None] = lambda: None
        self.on_logs: Callable[[], None] = lambda: None
        self.how: dict[str, End] = {}
        self.end_of: Callable[[dict[str, Any]], End] = lambda _: self.ends.pop(0) if self.ends else End()
        self.most_running: int | None = None
        self._looks: Counter[str] = Counter()
        self._starting = threading.Lock()

    def client(self, _service: str) -> Any:
        return self

    def add(self, request: dict[str, Any], end: End) -> dict[str, Any]:
        """A build that somebody has started."""
        build_id = f"project:{len(self.builds) + 1}"
        variables = request.get("environmentVariablesOverride", [])
        self.builds[build_id] = {
            "id": build_id,
            "arn": f"arn:aws:codebuild:eu-west-1:1:build/{build_id}",
            "buildStatus": "IN_PROGRESS",
            "currentPhase": "QUEUED",
            "environment": {"environmentVariables": variables},
            "logs": {"groupName": "group", "streamName": build_id, "deepLink": f"https://console/{build_id}"},
        }
        self.how[build_id] = end
        return self.builds[build_id]

    def start_build(self, **request: Any) -> Any:
        with self._starting:
            return self._start_build(request)

    def _start_build(self, request: dict[str, Any]) -> Any:
        self._called("StartBuild")
        token = request.get("idempotencyToken", "")
        if token in self.tokens:
            return {"build": dict(self.builds[self.tokens[token]])}
        running = sum(build["buildStatus"] == "IN_PROGRESS" for build in self.builds.values())
        if self.most_running is not None and running >= self.most_running:
            raise refusal("AccountLimitExceededException", f"Cannot have more than {self.most_running} active builds")
        self.requests.append(request)
        build = self.add(request, self.end_of(request))
        self.tokens[token] = build["id"]
        self.on_start()
        return {"build": dict(build)}

    def batch_get_builds(self, ids: list[str]) -> Any:
        self._called("BatchGetBuilds")
        assert 0 < len(ids) <= 100
        self.asked.append(len(ids))
        for build_id in ids:
            self._looks[build_id] += 1
            end = self.how.get(build_id)
            if end and self._looks[build_id] >= end.looks:
                self.end(build_id)
            elif end:
                self.builds[build_id]["currentPhase"] = "QUEUED" if build_id in self.queued else "BUILD"
        return {"builds": [dict(self.builds[one]) for one in ids if one in self.builds and one not in self.hidden]}

    def end(self, build_id: str) -> None:
        end, build = self.how[build_id], self.builds[build_id]
        contexts = [{"message": end.cause}] if end.cause else []
        failed = {"phaseType": end.phase, "phaseStatus": "FAILED", "contexts": contexts}
        build |= {"buildStatus": end.status, "currentPhase": "COMPLETED"}
        build["phases"] = [] if end.status == "SUCCEEDED" else [failed]
        if end.queued_s:
            begun = datetime(2026, 1, 1, tzinfo=UTC)
            left = begun + timedelta(seconds=end.queued_s)
            build["phases"].append(
                {"phaseType": "QUEUED", "phaseStatus": "SUCCEEDED", "startTime": begun, "endTime": left}
            )
            build["endTime"] = left + timedelta(seconds=end.ran_s)

    def list_builds_for_project(self, **request: str) -> Any:
        self._called("ListBuildsForProject")
        assert request["sortOrder"] == "DESCENDING"
        start, ids = int(request.get("nextToken", "0")), list(self.builds)[::-1]
        more = {"nextToken": str(start + 100)} if start + 100 < len(ids) else {}
        return {"ids": ids[start : start + 100], **more}

    def stop_build(self, id: str) -> Any:
        self._called("StopBuild")
        self.how[id].status = "STOPPED"
        self.end(id)
        return {}

    def get_log_events(self, **request: Any) -> Any:
        self._called("GetLogEvents")
        self.on_logs()
        lines = self.how[request["logStreamName"]].lines
        start = int(request.get("nextToken", "0"))
        events = [{"message": f"{line}\n"} for line in lines[start : start + 3]]
        return {"events": events, "nextForwardToken": str(start + len(events))}

    def _called(self, operation: str) -> None:
        self.calls[operation] += 1
        if self.fail.get(operation):
            error = self.fail[operation].pop(0)
            raise error if isinstance(error, Exception) else error()


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.pauses: list[float] = []

    def now_s(self) -> float:
        return self.time_s

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time_s += seconds
        await asyncio.sleep(0)


async def until(ready: Callable[[], object]) -> None:
    while not ready():  # noqa: ASYNC110 - what changes it is in other threads
        await asyncio.sleep(0.01)
