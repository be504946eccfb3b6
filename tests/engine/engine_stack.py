"""Runs a Pulumi program on the real engine and reads what it did from engine events and state, never from text."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

COMPONENT = "fast-container:index:FastContainerImage"
RECORD = "pulumi-python:dynamic/fast-container:ImageBuild"


@dataclass(frozen=True)
class Run:
    """One finished engine operation."""

    exit_code: int
    output: str
    events: list[dict[str, Any]]

    @cached_property
    def changes(self) -> Counter[str]:
        """Operation → number of resources, as the engine's own summary says; ``same`` left out."""
        found: Counter[str] = Counter()
        for event in self.events:
            found.update((event.get("summaryEvent") or {}).get("resourceChanges") or {})
        found.pop("same", None)
        return +found

    @cached_property
    def steps(self) -> dict[str, str]:
        """Resource name → operation, for all that is not ``same``; records and other resources alike."""
        found: dict[str, str] = {}
        for event in self.events:
            metadata = (event.get("resourcePreEvent") or {}).get("metadata")
            if metadata and metadata["op"] not in ("same", "read"):
                found[metadata["urn"].rsplit("::", 1)[1]] = metadata["op"]
        return found

    @cached_property
    def diagnostics(self) -> list[dict[str, Any]]:
        return [event["diagnosticEvent"] for event in self.events if "diagnosticEvent" in event]

    def messages(self, severity: str = "", *, ephemeral: bool = False) -> list[str]:
        """Diagnostics of one severity, without colour codes."""
        return [
            _plain(event["message"])
            for event in self.diagnostics
            if (not severity or event["severity"] == severity) and bool(event.get("ephemeral")) == ephemeral
        ]

    @property
    def errors(self) -> str:
        return "\n".join(self.messages("error"))

    @property
    def said(self) -> str:
        """All that stays on the rows."""
        return "\n".join(self.messages())

    def outputs_of(self, name: str) -> dict[str, Any]:
        """New outputs of a resource in this operation (also in preview; unknown ones are absent or marked)."""
        for event in reversed(self.events):
            metadata = (event.get("resOutputsEvent") or event.get("resourcePreEvent") or {}).get("metadata")
            if metadata and metadata["urn"].endswith(f"::{name}") and metadata.get("new"):
                return metadata["new"].get("outputs") or {}
        return {}


@dataclass
class EngineStack:
    """A program folder, a stack of it, and the CLI to run it with."""

    folder: Path
    environment: dict[str, str]
    config: Mapping[str, str]
    name: str = "test"
    project: str = "engine-test"
    count: int = field(default=0, init=False)

    @property
    def cache(self) -> Path:
        return Path(self.environment["FAST_CONTAINER_CACHE"])

    def write(self, program: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        project = {"name": self.project, "runtime": {"name": "python"}}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (self.folder / f"Pulumi.{self.name}.yaml").write_text(yaml.safe_dump({"config": dict(self.config)}))
        (self.folder / "__main__.py").write_text(textwrap.dedent(program))

    def file(self, path: str, content: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(content))
        return target

    def init(self) -> None:
        self.cli("stack", "init", self.name, "--non-interactive")

    def cli(self, *args: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *args], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=240
        )
        assert expect is None or done.returncode == expect, done.stdout + done.stderr
        return done

    def start(self, operation: str, *args: str, env: Mapping[str, str] | None = None) -> Operation:
        """Start an operation in a process group of its own, so that a test can interrupt it as a terminal would."""
        self.count += 1
        log = self.folder / f"events-{self.count}.json"
        argv = ["pulumi", operation, "-s", self.name, "--non-interactive", f"--event-log={log}"]
        if operation != "preview":
            argv += ["--yes", "--skip-preview"]
        process = subprocess.Popen(
            [*argv, *args], cwd=self.folder, env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        return Operation(process, log)

    def run(self, operation: str, *args: str, expect: int | None = 0, env: Mapping[str, str] | None = None) -> Run:
        run = self.start(operation, *args, env=env).wait()
        assert expect is None or (run.exit_code == 0) == (expect == 0), run.output
        return run

    def preview(self, *args: str, **kwargs: Any) -> Run:
        return self.run("preview", *args, **kwargs)

    def up(self, *args: str, **kwargs: Any) -> Run:
        return self.run("up", *args, **kwargs)

    def refresh(self, *args: str, **kwargs: Any) -> Run:
        return self.run("refresh", *args, **kwargs)

    def destroy(self, *args: str, **kwargs: Any) -> Run:
        return self.run("destroy", *args, **kwargs)

    @property
    def state_text(self) -> str:
        backend = Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        return (backend / ".pulumi" / "stacks" / self.project / f"{self.name}.json").read_text()

    @property
    def resources(self) -> list[dict[str, Any]]:
        return json.loads(self.state_text)["checkpoint"]["latest"].get("resources") or []

    @property
    def outputs(self) -> dict[str, Any]:
        return next((r.get("outputs") or {} for r in self.resources if r["type"] == "pulumi:pulumi:Stack"), {})

    def record(self, image: str) -> dict[str, Any]:
        """Outputs of an image's record in the state."""
        return next(r["outputs"] for r in self.resources if r["urn"].endswith(f"{RECORD}::{image}-build"))

    @property
    def builds(self) -> int:
        """Builds that ever started: each leaves its log, whatever its end."""
        return len(list((self.cache / "logs").rglob("*.log"))) if (self.cache / "logs").exists() else 0


@dataclass
class Operation:
    """A running CLI."""

    process: subprocess.Popen[str]
    log: Path

    def interrupt(self) -> None:
        """As Ctrl-C does it: the CLI gets the signal, the engine decides for the rest."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self.process.kill()

    def wait(self, timeout: float = 240) -> Run:
        output, _ = self.process.communicate(timeout=timeout)
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return Run(self.process.returncode, output, [json.loads(line) for line in lines if line.strip()])


def _plain(message: str) -> str:
    parts = message.split("<{%")
    return parts[0] + "".join(part.split("%}>", 1)[-1] for part in parts[1:])


def processes_with(text: str) -> list[str]:
    """Command lines of living processes that mention a text, this one aside."""
    found: list[str] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in command or text in environment:
            found.append(f"{folder.name} {command}")
    return found
