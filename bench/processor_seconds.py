"""How many processor seconds each process of an ``up`` used.

The Python processes (the program, the dynamic provider) write theirs when they end, through a ``sitecustomize`` on
their path. What the program's own children used are the builds' clients: buildx, and the guard that they share. The
rest of the tree is the CLI and its language host.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.engine import PROGRAMS

_SITE = '''\
"""Writes what this process and its ended children used."""

import atexit
import json
import os
import resource
import sys


def _write() -> None:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    used = {"own": own.ru_utime + own.ru_stime, "children": children.ru_utime + children.ru_stime}
    with open(os.environ["BENCH_PROCESSES"], "a") as file:
        file.write(json.dumps({"is_provider": "pulumi.dynamic" in sys.orig_argv, **used}) + "\\n")


if "BENCH_PROCESSES" in os.environ and ("pulumi.dynamic" in sys.orig_argv or "python-exec" in " ".join(sys.orig_argv)):
    atexit.register(_write)
'''


@dataclass(frozen=True)
class Seconds:
    """One operation: wall seconds, and processor seconds by process."""

    wall: float
    program: float = 0.0
    provider: float = 0.0
    clients: float = 0.0
    engine: float = 0.0

    @property
    def own(self) -> float:
        """Processor seconds of all that is not the engine's."""
        return self.program + self.provider + self.clients


class ProcessorSeconds:
    """Measures operations.

    Args:
        folder: Made here.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(_SITE)
        self._written = folder / "processes.jsonl"
        path = os.pathsep.join([str(folder), str(PROGRAMS.parents[1])])
        self.environment = {"PYTHONPATH": path, "BENCH_PROCESSES": str(self._written)}
        """Variables for the CLI."""

    def of_up(self, up: Callable[[], object]) -> Seconds:
        """Of an operation of the CLI that has the variables."""
        self._written.write_text("")
        wall, all_of_it = _of_children(up)
        processes = [json.loads(line) for line in self._written.read_text().splitlines()]
        provider = sum(one["own"] for one in processes if one["is_provider"])
        program = sum(one["own"] for one in processes if not one["is_provider"])
        clients = sum(one["children"] for one in processes if not one["is_provider"])
        return Seconds(wall, program, provider, clients, all_of_it - program - provider - clients)

    @staticmethod
    def of_client(build: Callable[[], object]) -> Seconds:
        """Of a client that is run without an engine."""
        wall, clients = _of_children(build)
        return Seconds(wall, clients=clients)


def _of_children(work: Callable[[], object]) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
