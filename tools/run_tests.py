"""Runs the tests on both cores, and those that failed once more, alone.

Decides only that: tests with a real engine and BuildKit have time limits that a loaded machine can miss, and a test
that fails alone too has failed. The emulator of CodeBuild shares its process with moto, so it has a run of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = "tests/localcloud/codebuild"


def pytest(*arguments: str) -> int:
    """One run; its exit code."""
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT, check=False).returncode


def both_cores(*arguments: str) -> int:
    """One run on both cores; what failed is run once more, alone."""
    code = pytest("-n", "2", "--dist", "loadfile", *arguments)
    if code != 1:
        return code
    print("tests: some failed; running these once more, alone", flush=True)
    return pytest("--last-failed", "--last-failed-no-failures=none", *arguments)


def main() -> int:
    """The exit code of the first run that failed, or 0."""
    return both_cores(EMULATOR) or both_cores("tests", f"--ignore={EMULATOR}")


if __name__ == "__main__":
    sys.exit(main())
