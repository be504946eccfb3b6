"""One build as the API shows it.

Decides the shape of a build: which phases it has, when logs are named, what a finished build says. Who moves it from
phase to phase is :mod:`localcloud.codebuild.queue` and :mod:`localcloud.codebuild.runner`.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]
FINAL = frozenset({"SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"})


@dataclasses.dataclass
class Build:
    """A build, from StartBuild on.

    Attributes:
        settings: Project and overrides, merged: source, environment, cache, timeouts, role, logsConfig.
        status: ``IN_PROGRESS`` until it has ended.
        stop_reason: The status that the build is to end with, when something ended it from outside.
    """

    project: str
    project_arn: str
    region: str
    account: str
    uuid: str
    number: int
    settings: Json
    initiator: str
    group: str
    stream: str
    start_time: float = dataclasses.field(default_factory=time.time)
    end_time: float | None = None
    status: str = "IN_PROGRESS"
    phases: list[Json] = dataclasses.field(default_factory=list[Json])
    logs_named: bool = False
    exported: list[Json] = dataclasses.field(default_factory=list[Json])
    resolved_version: str = ""
    lock: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    stop_reason: str = ""
    ended: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        """``<project>:<uuid>``."""
        return f"{self.project}:{self.uuid}"

    @property
    def arn(self) -> str:
        """The build's ARN."""
        return f"arn:aws:codebuild:{self.region}:{self.account}:build/{self.id}"

    @property
    def slot(self) -> tuple[str, str, str]:
        """Key of the account's limit: region, environment type, compute type."""
        environment = self.settings["environment"]
        return self.region, environment["type"], environment["computeType"]

    @property
    def phase(self) -> str:
        """The current phase."""
        return self.phases[-1]["phaseType"] if self.phases else "SUBMITTED"

    def enter(self, phase: str) -> None:
        """Ends the current phase with success unless it has an end, and begins the next."""
        with self.lock:
            self.leave("SUCCEEDED")
            self.phases.append({"phaseType": phase, "startTime": time.time()})

    def leave(self, status: str, code: str = "", message: str = "") -> None:
        """Ends the current phase, unless it has ended already."""
        with self.lock:
            if not self.phases or "phaseStatus" in self.phases[-1]:
                return
            now, phase = time.time(), self.phases[-1]
            phase.update(
                phaseStatus=status,
                endTime=now,
                durationInSeconds=int(now - phase["startTime"]),
                contexts=[{"statusCode": code, "message": message}],
            )

    def complete(self, status: str) -> None:
        """The build has ended; only the first word counts."""
        with self.lock:
            if self.ended.is_set():
                return
            self.leave(status if status != "FAULT" else "FAILED")
            self.phases.append({"phaseType": "COMPLETED", "startTime": time.time()})
            self.status, self.end_time = status, time.time()
            self.ended.set()

    def shown(self) -> Json:
        """The build as BatchGetBuilds shows it."""
        with self.lock:
            settings = self.settings
            shown: Json = {
                "id": self.id,
                "arn": self.arn,
                "buildNumber": self.number,
                "startTime": self.start_time,
                "currentPhase": self.phase,
                "buildStatus": self.status,
                "projectName": self.project,
                "phases": [dict(phase) for phase in self.phases],
                "source": settings["source"],
                "secondarySources": [],
                "secondarySourceVersions": [],
                "artifacts": {"location": ""},
                "cache": settings["cache"],
                "environment": settings["environment"],
                "serviceRole": settings["serviceRole"],
                "logs": self._logs(),
                "timeoutInMinutes": settings["timeoutInMinutes"],
                "queuedTimeoutInMinutes": settings["queuedTimeoutInMinutes"],
                "buildComplete": self.ended.is_set(),
                "initiator": self.initiator,
                "encryptionKey": settings["encryptionKey"],
                "exportedEnvironmentVariables": list(self.exported),
                "reportArns": [],
            }
            if settings.get("sourceVersion"):
                shown["sourceVersion"] = settings["sourceVersion"]
            if self.end_time is not None:
                shown["endTime"] = self.end_time
            return shown

    def _logs(self) -> Json:
        config = (self.settings.get("logsConfig") or {}).get("cloudWatchLogs") or {"status": "ENABLED"}
        logs: Json = {"cloudWatchLogs": config, "s3Logs": {"status": "DISABLED", "encryptionDisabled": False}}
        if not self.logs_named or config.get("status") == "DISABLED":
            return logs
        arn = f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.group}:log-stream:{self.stream}"
        # The console escapes twice and writes $25 for %.
        place = quote(quote(self.group, safe=""), safe="").replace("%", "$")
        stream = quote(quote(self.stream, safe=""), safe="").replace("%", "$")
        console = f"https://console.aws.amazon.com/cloudwatch/home?region={self.region}"
        return {
            **logs,
            "groupName": self.group,
            "streamName": self.stream,
            "deepLink": f"{console}#logsV2:log-groups/log-group/{place}/log-events/{stream}",
            "cloudWatchLogsArn": arn,
        }
