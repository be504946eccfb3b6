"""Runs the static checks and all tests on both cores.

Decides what runs beside what: the tests in three workers, since engine tests wait as much as they work; beside them, in
the time that is left over, the static checks, and the tests of the emulator of CodeBuild, which shares its process with
moto and so has one of its own. What runs beside is shown when it has ended; when it fails, all ends. Python keeps its
bytecode, or each of hundreds of processes compiles anew.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = "tests/localcloud/codebuild"
PYTEST = (sys.executable, "-m", "pytest", "-q")
WORKERS = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")


def start(*command: str, is_shown: bool) -> subprocess.Popen[str]:
    """Start a command; what is not shown now is kept for later."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=None if is_shown else subprocess.PIPE,
        stderr=None if is_shown else subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it has written."""
    output, _ = process.communicate()
    return process.returncode, output or ""


def interrupt(processes: Sequence[subprocess.Popen[str]]) -> None:
    """End what still runs as Ctrl-C would; local clouds end with it."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)


def main() -> int:
    """The exit code: 0 when all is well."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: interrupt(processes))
    processes = [
        start(*PYTEST, *WORKERS, "tests", f"--ignore={EMULATOR}", is_shown=True),
        start(sys.executable, "tools/check.py", "--static", is_shown=False),
        start(*PYTEST, EMULATOR, is_shown=False),
    ]
    first_failure = 0
    with ThreadPoolExecutor(len(processes)) as pool:
        for done in as_completed([pool.submit(finish, process) for process in processes]):
            code, output = done.result()
            sys.stdout.write(f"\n{output}" if output else "")
            sys.stdout.flush()
            if code and not first_failure:
                first_failure = code
                interrupt(processes)
    return first_failure


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # The terminal has told the others, too, and they have ended.
        sys.exit(130)
