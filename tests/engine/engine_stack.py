"""Runs a Pulumi program on the real engine and reads what it did from engine events and state, never from text."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

COMPONENT = "fast-container:index:FastContainerImage"
RECORD = "pulumi-python:dynamic/fast-container:ImageBuild"
_AUDIT = Path(__file__).parent / "audit"


@dataclass(frozen=True)
class Run:
    """One finished engine operation, with the state that it left.

    Attributes:
        builds: Builds that were started in this operation: each leaves its log, whatever its end.
        audit: What the Python processes of the operation started and connected to.
        seconds: Wall time.
    """

    exit_code: int
    output: str
    events: list[dict[str, Any]]
    resources: list[dict[str, Any]]
    builds: int
    audit: list[dict[str, Any]]
    seconds: float
    pending: list[dict[str, Any]]

    @cached_property
    def changes(self) -> dict[str, int]:
        """Operation → number of resources, as the engine's own summary says; ``same`` left out."""
        found: Counter[str] = Counter()
        for event in self.events:
            found.update((event.get("summaryEvent") or {}).get("resourceChanges") or {})
        found.pop("same", None)
        return dict(+found)

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

    def messages(self, severity: str = "", *, ephemeral: bool = False, on: str = "") -> list[str]:
        """Diagnostics of one severity, without colour codes; ``on`` is the name of the resource on whose row."""
        return [
            _plain(event["message"])
            for event in self.diagnostics
            if (not severity or event["severity"] == severity)
            and bool(event.get("ephemeral")) == ephemeral
            and (not on or event.get("urn", "").endswith(f"::{on}"))
        ]

    @property
    def errors(self) -> str:
        return "\n".join(self.messages("error"))

    def outputs_of(self, name: str) -> dict[str, Any]:
        """New outputs of a resource in this operation (also in preview; unknown ones are absent or marked)."""
        for event in reversed(self.events):
            metadata = (event.get("resOutputsEvent") or event.get("resourcePreEvent") or {}).get("metadata")
            if metadata and metadata["urn"].endswith(f"::{name}") and metadata.get("new"):
                return metadata["new"].get("outputs") or {}
        return {}

    @property
    def stack_outputs(self) -> dict[str, Any]:
        """In the state afterwards."""
        return next((r.get("outputs") or {} for r in self.resources if r["type"] == "pulumi:pulumi:Stack"), {})

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        """Image → outputs of its record in the state afterwards."""
        return {
            r["urn"].rsplit("::", 1)[1].removesuffix("-build"): r["outputs"]
            for r in self.resources
            if f"{RECORD}::" in r["urn"] and "outputs" in r
        }

    @property
    def started(self) -> list[list[str]]:
        """Processes that our code started, without the language host's and plugins' own."""
        return [note["what"] for note in self._ours if note["event"] != "socket.connect"]

    @property
    def connected(self) -> list[Any]:
        """Addresses that our code connected to."""
        return [
            note["what"]
            for note in self._ours
            # The dynamic provider's watch over its engine, whose address is its last argument.
            if note["event"] == "socket.connect" and ":".join(map(str, note["what"])) != note["by"][-1]
        ]

    @property
    def _ours(self) -> list[dict[str, Any]]:
        return [note for note in self.audit if "localcloud.aws_plugin" not in note["by"]]


@dataclass
class EngineStack:
    """A program folder, a stack of it, and the CLI to run it with.

    Attributes:
        settings: What the stack's file says beside the configuration.
    """

    folder: Path
    environment: dict[str, str]
    config: dict[str, str]
    name: str = "test"
    project: str = "engine-test"
    settings: Mapping[str, str] = field(default_factory=dict)
    made: bool = field(default=False, init=False)
    count: int = field(default=0, init=False)

    @property
    def cache(self) -> Path:
        return Path(self.environment["FAST_CONTAINER_CACHE"])

    @property
    def temporary(self) -> Path:
        return Path(self.environment["TMPDIR"])

    @property
    def audit_path(self) -> list[str]:
        """What an operation has on PYTHONPATH, to note what its Python processes do."""
        return [str(_AUDIT)]

    def write(self, program: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        project = {"name": self.project, "runtime": {"name": "python"}}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        self.configure({})
        (self.folder / "__main__.py").write_text(textwrap.dedent(program))

    def configure(self, settings: Mapping[str, str]) -> None:
        """Set configuration, in the stack's file; secrets with ``cli("config", "set", "--secret", …)``."""
        self.config.update(settings)
        place = self.folder / f"Pulumi.{self.name}.yaml"
        before = yaml.safe_load(place.read_text()) if place.exists() else {}
        config = {**before.get("config", {}), **self.config}
        place.write_text(yaml.safe_dump({**self.settings, **before, "config": config}))

    def file(self, path: str, content: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(content))
        return target

    def init(self) -> None:
        """Make the stack, unless it is there: what ``pulumi stack init`` writes in half a second."""
        place = self._state_file
        if not self.made and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            (place.parents[2] / "meta.yaml").write_text("version: 1\n")
            stack = f"organization/{self.project}/{self.name}"
            place.write_text(json.dumps({"version": 3, "checkpoint": {"stack": stack}}))
        self.made = True

    def restore(self, state: str) -> None:
        """Put a state in place of the stack's own, as a backup would be."""
        self.init()
        self._state_file.write_text(state)

    def cli(self, *args: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["pulumi", *args],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert expect is None or done.returncode == expect, done.stdout + done.stderr
        return done

    def start(self, operation: str, *args: str, env: Mapping[str, str] | None = None) -> Operation:
        """Start an operation in a process group of its own, so that a test can interrupt it as a terminal would."""
        self.init()
        self.count += 1
        log = self.folder.parent / f"{self.folder.name}-{self.name}-events-{self.count}.json"
        audit = log.with_suffix(".audit")
        argv = ["pulumi", operation, "-s", self.name, "--non-interactive", f"--event-log={log}"]
        if operation != "preview":
            argv += ["--yes", "--skip-preview"]
        environment = {
            **self.environment,
            "PULUMI_DEBUG_COMMANDS": "true",
            "PYTHONPATH": self.audit_path[0],
            "ENGINE_TEST_AUDIT": str(audit),
            **(env or {}),
        }
        before, started_s = self.builds, time.monotonic()
        process = subprocess.Popen(
            [*argv, *args],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

        def finish(output: str) -> Run:
            return Run(
                process.returncode,
                output,
                _lines(log),
                self.resources,
                self.builds - before,
                _lines(audit),
                time.monotonic() - started_s,
                self._latest.get("pending_operations") or [],
            )

        return Operation(self, process, log, finish)

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
    def _state_file(self) -> Path:
        backend = Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
        return backend / ".pulumi" / "stacks" / self.project / f"{self.name}.json"

    @property
    def state_text(self) -> str:
        return self._state_file.read_text()

    @property
    def _latest(self) -> dict[str, Any]:
        return json.loads(self.state_text)["checkpoint"].get("latest") or {}

    @property
    def resources(self) -> list[dict[str, Any]]:
        return self._latest.get("resources") or []

    @property
    def builds(self) -> int:
        """Builds that ever started with this stack's cache."""
        return len(self.logs)

    @property
    def logs(self) -> list[Path]:
        return sorted((self.cache / "logs").rglob("*.log"))

    def processes(self) -> list[str]:
        """Living processes of this stack's operations: id and command line."""
        return processes_with(f"FAST_CONTAINER_CACHE={self.cache}")


@dataclass
class Operation:
    """A running CLI."""

    stack: EngineStack
    process: subprocess.Popen[str]
    log: Path
    finish: Callable[[str], Run]

    def interrupt(self) -> None:
        """As Ctrl-C does it: the CLI gets the signal, the engine decides for the rest."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        self.process.kill()

    def pids(self, text: str) -> list[int]:
        """Processes of the operation whose command line mentions a text."""
        return [int(line.split()[0]) for line in self.stack.processes() if text in line]

    def events(self) -> list[dict[str, Any]]:
        """Engine events so far."""
        return _lines(self.log)

    def wait_for_builds(self, count: int, text: str = "", timeout_s: float = 60) -> None:
        """Wait until so many builds of this stack have written a text to their logs."""

        def ready() -> bool:
            return sum(text in log.read_text() for log in self.stack.logs) >= count

        self.wait_until(ready, f"{count} logs with {text!r}", timeout_s)

    def wait_until(self, ready: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                output = self.process.communicate(timeout=10)[0] if self.process.poll() is not None else "still runs"
                raise AssertionError(f"waited in vain for {what}: {output}")
            time.sleep(0.05)

    def wait(self, timeout: float = 240) -> Run:
        output, _ = self.process.communicate(timeout=timeout)
        return self.finish(output)


def wait_until(ready: Callable[[], bool], timeout_s: float = 10) -> bool:
    """Whether something became true in time."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _lines(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # The last line of a process that was killed.
    return found


def _plain(message: str) -> str:
    parts = message.split("<{%")
    return parts[0] + "".join(part.split("%}>", 1)[-1] for part in parts[1:])


def processes_with(text: str) -> list[str]:
    """Living processes whose environment or command line mentions a text, this one aside: id and command line."""
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
