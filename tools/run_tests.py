"""Runs the tests on both cores.

Decides only that: the emulator of CodeBuild shares its process with moto, so it has a run of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = "tests/localcloud/codebuild"


def both_cores(*arguments: str) -> int:
    """The exit code of one run."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> int:
    """The exit code of the first run that failed, or 0."""
    return both_cores(EMULATOR) or both_cores("tests", f"--ignore={EMULATOR}")


if __name__ == "__main__":
    sys.exit(main())
