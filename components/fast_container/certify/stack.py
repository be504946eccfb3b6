"""The stack of a certification: the Pulumi CLI with a backend of its own in a folder of its own.

Decides where the program, its state and the log of AWS's calls lie, that the user's own backend is never touched, and
that the state is read only when nothing of an earlier certification can still write it (``certify.folder_lock``).
What an operation did is read from the engine's event log, never from what it printed. Leaves what to do, and in which
order, to ``certify.story``.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from fast_container.adapters.call_log import VARIABLE as CALL_LOG
from fast_container.adapters.process.child import Completed, capture
from fast_container.certify.folder_lock import locked
from fast_container.core.json_document import parse_json, parse_object
from fast_container.errors import FastContainerError

PROJECT = "fast-container-certify"
_STACK = "certify"
_PROVIDERS = "pulumi:providers:"
_STEP_LIMIT_S = 1200.0
_ENDING_LIMIT_S = 60.0


class CertifyError(FastContainerError):
    """The certification cannot go on."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One finished run of the CLI.

    Attributes:
        verb: ``preview``, ``up``, ``refresh`` or ``destroy``.
        code: Exit code.
        took_s: Wall seconds.
        steps: Resource name → what the engine did with it; without providers and what is left as it is.
        messages: The diagnostics of the engine, without colours.
        calls: The calls to AWS and to registries of our own processes, as ``adapters.call_log`` writes them.
    """

    verb: str
    code: int
    took_s: float
    steps: Mapping[str, str]
    messages: Sequence[str]
    calls: Sequence[Mapping[str, Any]]

    def says(self, text: str) -> bool:
        """Whether a diagnostic has this text."""
        return any(text in message for message in self.messages)


class CertifyStack:
    """The program and its stack in a folder.

    Args:
        folder: Made if it is not there.
        environment: Of this process; the CLI gets it with a backend and a cache of its own.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.program = folder / "program"
        self._calls = folder / "calls.jsonl"
        self._locks: list[int] = []
        self._environment = {
            **environment,
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DEBUG_COMMANDS": "true",  # the switch of the engine's event log
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]),
            "FAST_CONTAINER_CACHE": str(folder / "cache"),
            CALL_LOG: str(self._calls),
        }

    @property
    def is_there(self) -> bool:
        """Whether an earlier certification has left something to clean up."""
        return (self.folder / "state").is_dir()

    @property
    def was_made(self) -> bool:
        """Whether the earlier certification came so far that it had a stack."""
        return self._state.exists() or self._state_before.exists()

    @property
    def _state(self) -> Path:
        return self.folder / "state" / ".pulumi" / "stacks" / PROJECT / f"{_STACK}.json"

    @property
    def _state_before(self) -> Path:
        """The CLI's copy of the state before it writes a new one."""
        return self._state.with_name(self._state.name + ".bak")

    @contextmanager
    def held(self, wait_s: float = _ENDING_LIMIT_S) -> Generator[None]:
        """Wait until nothing of an earlier certification runs; then the folder is ours and our CLI's.

        Raises:
            CertifyError: Something of it still runs after so many seconds.
        """
        with ExitStack() as stack:
            try:
                self._locks = [stack.enter_context(locked(self.folder, wait_s))]
            except TimeoutError:
                raise CertifyError(
                    "The certification still runs.",
                    where=str(self.folder),
                    why=f"it, or the Pulumi CLI that it started, has not ended within {wait_s:.0f} seconds",
                    next_step="Wait for its end or stop it, then run this again.",
                ) from None
            stack.callback(self._locks.clear)
            yield

    def create(self, configuration: Mapping[str, str]) -> None:
        """Write the program, make the stack and set its configuration.

        Raises:
            CertifyError: There is no Pulumi CLI, or it refuses.
        """
        with as_file(files("fast_container.certify") / "program") as source:
            shutil.copytree(source, self.program, ignore=shutil.ignore_patterns("__pycache__"))
        project = {"name": PROJECT, "runtime": {"name": "python", "options": _python_options()}}
        (self.program / "Pulumi.yaml").write_text(json.dumps(project), encoding="utf-8")
        (self.folder / "state").mkdir()
        self._quiet("stack", "init", _STACK)
        pairs = [word for key, value in configuration.items() for word in ("--plaintext", f"{key}={value}")]
        self._quiet("config", "set-all", "--stack", _STACK, *pairs)

    def edit(self, path: str, before: str, after: str) -> None:
        """Edit a file of the program."""
        place = self.program / path
        place.write_text(place.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    def at(self, step: str) -> None:
        """Tell the program how far the story is."""
        self._quiet("config", "set", "--stack", _STACK, "step", step)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        try:
            return parse_object(self._quiet("stack", "output", "--json", "--stack", _STACK))
        except ValueError as error:
            raise CertifyError("`pulumi stack output` did not answer in JSON.", why=str(error)) from None

    def unlock(self) -> None:
        """Let a stack be used again whose operation was killed; does nothing otherwise."""
        # The CLI was killed while it wrote.
        if self._state_before.exists() and not (self._state.exists() and _is_json(self._state)):
            shutil.copyfile(self._state_before, self._state)
        for file in (self._state, self._state_before):
            # What the CLI's backend notes of a file in a second one; a half of that is worse than none.
            attributes = file.with_name(file.name + ".attrs")
            if attributes.exists() and not _is_json(attributes):
                attributes.unlink()
        self._cli("cancel", "--yes", "--stack", _STACK)

    def remove(self) -> None:
        """Remove the folder with everything but the report, which lies beside it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, verb: str) -> Operation:
        """Run one operation to its end; its exit code is part of the answer."""
        events = self.folder / "events.jsonl"
        events.unlink(missing_ok=True)
        self._calls.unlink(missing_ok=True)
        words = [verb, "--stack", _STACK, "--event-log", str(events), "--suppress-progress"]
        begin = time.monotonic()
        done = self._cli(*words, *(() if verb == "preview" else ("--yes", "--skip-preview")))
        took_s = time.monotonic() - begin
        (self.folder / f"{verb}.log").write_text(done.stdout + done.stderr, encoding="utf-8", errors="replace")
        steps, messages = _read_events(events)
        return Operation(verb, done.code, took_s, steps, messages, _json_lines(self._calls))

    def _quiet(self, *words: str) -> str:
        done = self._cli(*words)
        if done.code:
            raise CertifyError(
                f"`pulumi {' '.join(words[:2])}` failed.",
                why=(done.stderr or done.stdout).strip(),
                next_step="Install the Pulumi CLI (https://www.pulumi.com/docs/install/)." if done.code == 127 else "",
            )
        return done.stdout

    def _cli(self, *words: str) -> Completed:
        command = ["pulumi", *words, "--non-interactive", "--color", "never"]
        return asyncio.run(
            capture(
                command,
                env=self._environment,
                cwd=self.program,
                timeout_s=_STEP_LIMIT_S,
                held=self._locks,
            )
        )


def _python_options() -> dict[str, str]:
    """Run the program in the environment of this command."""
    return {"virtualenv": sys.prefix} if sys.prefix != sys.base_prefix else {}


def _read_events(log: Path) -> tuple[dict[str, str], list[str]]:
    steps: dict[str, str] = {}
    messages: list[str] = []
    for event in _json_lines(log):
        step: dict[str, Any] = event.get("resourcePreEvent") or {}
        metadata: dict[str, Any] = step.get("metadata") or {}
        if metadata and metadata["op"] not in ("same", "read") and not str(metadata["type"]).startswith(_PROVIDERS):
            steps[str(metadata["urn"]).rpartition("::")[2]] = str(metadata["op"])
        diagnostic: dict[str, Any] = event.get("diagnosticEvent") or {}
        if diagnostic and not diagnostic.get("ephemeral"):
            messages.append(_plain(str(diagnostic["message"])))
    return steps, messages


def _plain(message: str) -> str:
    """Remove the engine's marks for colours, ``<{%…%}>``."""
    first, *rest = message.split("<{%")
    return (first + "".join(part.split("%}>", 1)[-1] for part in rest)).strip()


def _is_json(path: Path) -> bool:
    try:
        parse_json(path.read_bytes())
    except ValueError:
        return False
    return True


def _json_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    found: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        # The truncated last line of a process that was killed.
        with suppress(ValueError):
            found.append(parse_object(line))
    return found
