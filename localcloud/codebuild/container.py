"""The phases of a buildspec, run in namespaces of their own.

Decides how a build is followed while its agent runs, and how it ends: by itself, stopped, timed out, or killed by
order. The commands themselves are run by :mod:`localcloud.codebuild.agent`; when it is killed, all that the build
started is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.codebuild.builds import Build
from localcloud.codebuild.buildspec import PHASES, Buildspec, Phase
from localcloud.codebuild.faults import Faults, Kill
from localcloud.codebuild.image import base_interpreter
from localcloud.codebuild.log_stream import LogStream
from localcloud.processes import PRIVATE_NAMESPACES, end

_LOOK_S = 0.05
"""How often a running build is looked at."""

DEAD = "Build container found dead before completing the build."
Start = Callable[..., "subprocess.Popen[bytes]"]


class PhaseError(Exception):
    """A phase has ended badly, not by its commands."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Container:
    """One build's agent.

    Args:
        build: The build.
        scratch: Its private folder.
        source: The directory that its commands start in.
        output: The file that they write to.
        logs: Where the output goes.
        faults: What is to go wrong.
        deadline: When it times out, on the monotonic clock.
    """

    def __init__(
        self,
        build: Build,
        scratch: Path,
        source: Path,
        output: Path,
        logs: LogStream,
        faults: Faults,
        deadline: float,
    ) -> None:
        self._build = build
        self._scratch = scratch
        self._source = source
        self._output = output
        self._logs = logs
        self._faults = faults
        self._deadline = deadline
        self._kill: Kill | None = None
        self._kill_at = 0.0
        self._halts: dict[str, Kill] = {}

    def run(self, buildspec: Buildspec, environment: dict[str, str], start: Start) -> str:
        """Runs the phases of a buildspec; returns the build's status.

        Raises:
            PhaseError: Something from outside ended the build.
        """
        events = self._scratch / "events"
        events.touch()
        plan = self._scratch / "plan.json"
        descriptor = os.open(plan, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._plan(buildspec, environment, events), file)
        process = start(
            [*PRIVATE_NAMESPACES, base_interpreter(), "-I", "-S", Path(__file__).with_name("agent.py"), plan],
            log=self._scratch / "agent.log",
            environment={"PATH": os.defpath},
            working_directory=self._source,
        )
        try:
            return self._follow(process, events)
        finally:
            _kill(process)

    def _plan(self, buildspec: Buildspec, environment: dict[str, str], events: Path) -> dict[str, Any]:
        phases: list[dict[str, Any]] = []
        for name in PHASES:
            phase = buildspec.phases.get(name, Phase())
            kill = self._faults.take_kill(self._build.project, name.upper())
            if kill is not None:
                self._halts[name.upper()] = kill
            phases.append(
                {
                    "name": name.upper(),
                    "commands": phase.commands,
                    "finally": phase.finally_commands,
                    "continues": phase.continues,
                }
            )
        return {
            "shell": buildspec.shell,
            "phases": phases,
            "environment": environment,
            "directory": str(self._source),
            "exported": buildspec.exported,
            "output": str(self._output),
            "events": str(events),
            "halt": [name for name, kill in self._halts.items() if not kill.log_contains and not kill.after_s],
        }

    def _follow(self, process: subprocess.Popen[bytes], events: Path) -> str:
        status, offset = "", 0
        while True:
            ended = process.poll() is not None
            with events.open() as file:
                file.seek(offset)
                lines = file.readlines()
            for line in lines:
                if line.endswith("\n"):
                    offset += len(line.encode())
                    status = self._take_event(json.loads(line)) or status
            text = self._logs.send(all_of_it=ended)
            self._look_for_end(text)
            if ended:
                break
            time.sleep(_LOOK_S)
        if not status:
            said = (self._scratch / "agent.log").read_text(errors="replace").strip()
            raise PhaseError("FAULT", "INTERNAL_SERVICE_ERROR", f"{DEAD} {said}".rstrip())
        return status

    def _take_event(self, event: dict[str, Any]) -> str:
        build = self._build
        if "succeeded" in event:
            return "SUCCEEDED" if event["succeeded"] else "FAILED"
        if "exported" in event:
            pairs = event["exported"].items()
            build.exported = [{"name": name, "value": value} for name, value in pairs if value is not None]
        elif "status" in event:
            build.leave(event["status"], event["code"], event["message"])
        else:
            build.enter(event["phase"])
            self._kill = self._halts.get(event["phase"])
            self._kill_at = 0.0
        return ""

    def _look_for_end(self, text: str) -> None:
        """Raises when something from outside ends the build."""
        build, now = self._build, time.monotonic()
        if build.stop_reason:
            raise PhaseError(build.stop_reason, "", "")
        if now > self._deadline:
            raise PhaseError("TIMED_OUT", "BUILD_TIMED_OUT", "Build has timed out.")
        kill = self._kill
        if kill is None:
            return
        if not self._kill_at and kill.log_contains in text:
            self._kill_at = now + kill.after_s
        if self._kill_at and now >= self._kill_at:
            raise PhaseError(kill.status, "INTERNAL_SERVICE_ERROR", DEAD)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a build by SIGKILL, and returns when nothing of it is left."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with contextlib.suppress(OSError):
        first = children.read_text().split()
        for pid in first:
            os.kill(int(pid), signal.SIGKILL)
        if first:
            # The kernel lets the first process of a namespace go when all the others have gone.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
    end(process, grace_s=0)
