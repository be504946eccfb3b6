"""What one run of a side cost: wall seconds, processor seconds of its processes and of BuildKit, and the work done.

Decides whose processor time counts: that of all processes that the bench waited for while the side ran, and that of
BuildKit's daemon with the steps it ran. The registry is left out: every side has the same.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.build_facts import BuildFacts, Work
from bench.peers.place import Place


@dataclass(frozen=True)
class Operation:
    """One run of a side."""

    wall_s: float
    client_cpu_s: float
    buildkit_cpu_s: float
    work: Work

    @property
    def cpu_s(self) -> float:
        """Processor seconds of the client and of BuildKit."""
        return self.client_cpu_s + self.buildkit_cpu_s


def measured(place: Place, repositories: Iterable[str], run: Callable[[], None]) -> Operation:
    """Run it, and tell what it cost; what a failed run cost is not told."""
    facts = BuildFacts(place.cloud, place.ecr, repositories)
    pid = place.cloud.status()["buildkit_pid"]
    client, daemon, began = _children_s(), _process_s(pid), time.perf_counter()
    run()
    wall_s = time.perf_counter() - began
    return Operation(wall_s, _children_s() - client, _process_s(pid) - daemon, facts.since())


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _process_s(pid: int) -> float:
    """Processor seconds of a process and of its children that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
