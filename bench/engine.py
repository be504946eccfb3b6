"""Runs a program of ``bench/programs`` on the real engine, and reads what it cost.

Decides where stacks live (a backend of their own in the bench's folder) and what is measured: wall time of the CLI,
and, as the program itself saw it, CPU time and largest memory.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from localcloud import LocalCloud

PROGRAMS = Path(__file__).parent / "programs"


class BenchFailed(Exception):  # noqa: N818 - the name says it
    """A measured command failed."""


@dataclass(frozen=True)
class Cost:
    """Of one operation: seconds of the CLI; CPU seconds and bytes of the program's process."""

    wall_s: float
    cpu_s: float
    memory_bytes: int


class Stack:
    """A stack of a program.

    Args:
        cloud: Where it runs.
        folder: Made here: the program's folder; several stacks may share one.
        program: A name in ``bench/programs``.
        name: The stack's name.
        configuration: Of the program.
        environment: Variables beside those of the cloud.
    """

    def __init__(
        self,
        cloud: LocalCloud,
        folder: Path,
        program: str,
        name: str,
        configuration: Mapping[str, str],
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.folder = folder
        self._cost = folder / f"{name}.cost.json"
        self._environment = {
            **cloud.environment(),
            "PULUMI_BACKEND_URL": f"file://{_made(folder.parent / 'backend')}",
            "FAST_CONTAINER_CACHE": str(folder.parent / "cache"),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPATH": str(PROGRAMS.parents[1]),
            "BENCH_COST": str(self._cost),
            **environment,
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "bench", "runtime": "python"}))
        (folder / "__main__.py").write_text((PROGRAMS / f"{program}.py").read_text())
        config = {**cloud.stack_config(), **{f"bench:{key}": value for key, value in configuration.items()}}
        (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
        self._run("stack", "select", "--create", name)

    def up(self) -> Cost:
        """``pulumi up``."""
        return self._measured("up", "--yes", "--skip-preview")

    def preview(self) -> Cost:
        """``pulumi preview``."""
        return self._measured("preview")

    def outputs(self) -> dict[str, str]:
        """Values that the program exported last."""
        return json.loads(self._run("stack", "output", "--json", "--stack", self.name)[1])

    def _measured(self, verb: str, *options: str) -> Cost:
        self._cost.unlink(missing_ok=True)
        wall_s, _ = self._run(verb, *options, "--stack", self.name, "--suppress-outputs", "--suppress-progress")
        # A program whose own process is not measured writes nothing.
        cost: dict[str, Any] = json.loads(self._cost.read_text()) if self._cost.exists() else {}
        return Cost(wall_s, cost.get("cpu_s", 0.0), cost.get("memory_bytes", 0))

    def _run(self, *words: str) -> tuple[float, str]:
        started = time.perf_counter()
        done = subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        took_s = time.perf_counter() - started
        if done.returncode:
            raise BenchFailed(f"`pulumi {' '.join(words[:2])}` failed:\n{done.stdout}{done.stderr}")
        return took_s, done.stdout


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
