"""Inside a build: runs the commands of the phases and reports what happens.

A process of its own, the first of the build's pid and mount namespaces, so that the end of it is the end of everything
that the build started. Decides the order of phases after a failure (AWS, "Build phase transitions") and what one
command leaves to the next: working directory and exported variables. Standard library only.

``python agent.py PLAN``: a JSON file, deleted once it has been read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# All commands of a build run in one shell on AWS: each of ours hands on its directory and environment.
_RUN = 'trap \'pwd > "$1.cwd"; env -0 > "$1.env"\' EXIT; . "$1"'
_GOES_ON_TO = {"INSTALL": "", "PRE_BUILD": "", "BUILD": "POST_BUILD", "POST_BUILD": ""}


class Agent:
    """One build's commands.

    Args:
        plan: Shell, phases, environment, directory, exported variables, files to write, phases to halt in.
        scratch: A folder for the commands' own files.
    """

    def __init__(self, plan: dict[str, Any], scratch: Path) -> None:
        self._plan = plan
        self._scratch = scratch
        self._environment: dict[str, str] = dict(plan["environment"])
        self._directory: str = plan["directory"]
        self._count = 0
        self._output = Path(plan["output"]).open("ab", buffering=0)  # noqa: SIM115 - open as long as this process
        self._events = Path(plan["events"]).open("a", buffering=1)  # noqa: SIM115

    def run(self) -> None:
        """Runs all phases that are to be run."""
        succeeding, next_phase = True, ""
        for phase in self._plan["phases"]:
            name = phase["name"]
            if not succeeding and name != next_phase:
                continue
            self._environment["CODEBUILD_BUILD_SUCCEEDING"] = "1" if succeeding else "0"
            failure = self._run_phase(phase)
            if failure and not phase["continues"]:
                succeeding, next_phase = False, _GOES_ON_TO[name]
        self._event(exported={name: self._environment.get(name) for name in self._plan["exported"]})
        self._event(succeeded=succeeding)

    def _run_phase(self, phase: dict[str, Any]) -> str:
        name = phase["name"]
        self._say(f"Entering phase {name}")
        self._event(phase=name)
        if name in self._plan["halt"]:
            time.sleep(3600)
        failure = ""
        for command in phase["commands"]:
            failure = self._run_command(command)
            if failure:
                break
        for command in phase["finally"]:
            failure = self._run_command(command) or failure
        self._say(f"Phase complete: {name} State: {'FAILED' if failure else 'SUCCEEDED'}")
        code = "COMMAND_EXECUTION_ERROR" if failure else ""
        self._say(f"Phase context status code: {code} Message: {failure}")
        self._event(phase=name, status="FAILED" if failure else "SUCCEEDED", code=code, message=failure)
        return failure

    def _run_command(self, command: str) -> str:
        """Runs one command; returns why it failed, or ""."""
        self._count += 1
        self._say(f"Running command {command}")
        script = self._scratch / f"command-{self._count}"
        script.write_text(command + "\n")
        done = subprocess.run(
            [self._plan["shell"], "-c", _RUN, self._plan["shell"], str(script)],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            check=False,
        )
        self._take_over(script)
        if done.returncode == 0:
            return ""
        reason = f"exit status {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        self._say(f"Command did not exit successfully {command} {reason}")
        return f"Error while executing command: {command}. Reason: {reason}"

    def _take_over(self, script: Path) -> None:
        directory, environment = script.with_suffix(".cwd"), script.with_suffix(".env")
        if not environment.exists() or not directory.exists():
            return
        pairs = environment.read_bytes().decode(errors="surrogateescape").split("\0")
        read = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if read:
            self._environment = read
        folder = directory.read_text().rstrip("\n")
        if folder and Path(folder).is_dir():
            self._directory = folder

    def _say(self, text: str) -> None:
        now = datetime.now(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        self._output.write(f"[Container] {now} {text}\n".encode(errors="replace"))

    def _event(self, **event: Any) -> None:
        self._events.write(json.dumps(event) + "\n")


def main() -> None:
    """Reads the plan and runs it."""
    path = Path(sys.argv[1])
    plan = json.loads(path.read_text())
    path.unlink()
    Agent(plan, path.parent).run()


if __name__ == "__main__":
    main()
