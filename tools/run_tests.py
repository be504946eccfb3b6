"""Runs the tests on both cores.

Decides how: three workers, since engine tests wait as much as they work; the emulator of CodeBuild shares its process
with moto, so it has a run of its own; and Python keeps its bytecode, or each of hundreds of processes compiles anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = "tests/localcloud/codebuild"
# Modules in the order of tests/conftest.py, which puts long ones first.
WORKERS = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")


def both_cores(*arguments: str) -> int:
    """The exit code of one run."""
    command = [sys.executable, "-m", "pytest", "-q", *WORKERS, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main() -> int:
    """The exit code of the first run that failed, or 0."""
    return both_cores(EMULATOR) or both_cores("tests", f"--ignore={EMULATOR}")


if __name__ == "__main__":
    sys.exit(main())
