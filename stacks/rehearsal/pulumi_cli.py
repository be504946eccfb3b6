"""Runs the real Pulumi CLI: its output goes to the screen as it is, what it did is read from the engine's event log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stacks.rehearsal.checkout import DemoFailed

RECORD_TYPE = "pulumi-python:dynamic/fast-container:ImageBuild"
FUNCTION_TYPE = "aws:lambda/function:Function"
_ENDS_IN_S = 5


@dataclass(frozen=True)
class Operation:
    """One run of the CLI.

    Attributes:
        wall_s: From start to end of the process.
        changes: (resource type, operation) → how many; operations as the engine names them.
    """

    wall_s: float
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, resource_type: str, *operations: str) -> int:
        """How many resources of a type had one of these operations."""
        return sum(self.changes[resource_type, operation] for operation in operations)

    @property
    def not_same(self) -> dict[str, int]:
        """Everything that was not left as it is."""
        return {f"{operation} {kind}": n for (kind, operation), n in self.changes.items() if operation != "same"}


class Stack:
    """A stack of the example in a checkout.

    Args:
        name: The stack's name; made by ``init``.
        folder: The checkout.
        environment: The complete environment of the CLI.
    """

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._folder = folder
        # The engine's event log is behind this switch, which the Automation API sets as well.
        self._environment = {**environment, "PULUMI_DEBUG_COMMANDS": "true"}

    def init(self, configuration: Mapping[str, str]) -> None:
        """Makes the stack and sets its configuration."""
        self._quiet("stack", "init", self.name)
        pairs = [word for key, value in configuration.items() for word in ("--plaintext", f"{key}={value}")]
        self._quiet("config", "set-all", "--stack", self.name, *pairs)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return json.loads(self._quiet("stack", "output", "--json", "--stack", self.name))

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        deployment = json.loads(self._quiet("stack", "export", "--stack", self.name))["deployment"]
        return deployment.get("resources") or []

    def preview(self) -> Operation:
        """``pulumi preview``."""
        return self._watched("preview")

    def up(self) -> Operation:
        """``pulumi up``, without asking."""
        return self._watched("up", "--yes", "--skip-preview")

    def refresh(self) -> Operation:
        """``pulumi refresh``, without asking."""
        return self._watched("refresh", "--yes", "--skip-preview", "--suppress-outputs")

    def destroy(self) -> Operation:
        """``pulumi destroy``, without asking."""
        return self._watched("destroy", "--yes", "--skip-preview")

    def _quiet(self, *words: str) -> str:
        command = ["pulumi", *words, "--non-interactive"]
        done = _run(command, self._folder, self._environment, capture=True)
        if done.returncode:
            raise DemoFailed(f"`pulumi {' '.join(words[:2])}` failed:\n{done.stderr}{done.stdout}")
        return done.stdout

    def _watched(self, verb: str, *options: str) -> Operation:
        words = [verb, *options, "--stack", self.name]
        print(f"$ pulumi {' '.join(words)}", flush=True)
        # The plain display: what is kept of a run, and Ctrl-C reaches this process too.
        words += ["--non-interactive", "--suppress-progress"]
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "events.jsonl"
            begin = time.monotonic()
            done = _run(["pulumi", *words, "--event-log", str(log)], self._folder, self._environment)
            wall_s = time.monotonic() - begin
            changes = changes_of(log) if log.exists() else Counter()
        if done.returncode:
            raise DemoFailed(f"`pulumi {verb}` ended with code {done.returncode}")
        return Operation(wall_s, changes)


def changes_of(log: Path) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        step = event.get("resOutputsEvent")
        if step:
            counted[step["metadata"]["type"], step["metadata"]["op"]] += 1
    return counted


def _run(
    command: list[str], folder: Path, environment: Mapping[str, str], *, capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; when this process is told to stop, the command is ended first."""
    stream = subprocess.PIPE if capture else None
    with subprocess.Popen(
        command, cwd=folder, env=dict(environment), text=True, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
    ) as process:
        try:
            output, errors = process.communicate()
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(command, process.returncode, output or "", errors or "")


def _end(process: subprocess.Popen[str]) -> None:
    """Ends the CLI, gently at first; a terminal's Ctrl-C has reached it already."""
    print("demo: stopping", file=sys.stderr, flush=True)
    for how in (None, signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        if how is not None and process.poll() is None:
            os.kill(process.pid, how)
        try:
            process.wait(timeout=1 if how is None else _ENDS_IN_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue
        return
