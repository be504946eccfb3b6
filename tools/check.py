"""Runs the fast checks: format, lint, types (those of documented programs too), import rules, and the pure tests.

Decides which checks there are, runs them side by side and shows the output of those that fail.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PURE_TESTS = ("tests/core", "tests/checks", "tests/python_base", "tests/cli", "tests/build", "tests/docs", "tests/laws")


@dataclass(frozen=True)
class Check:
    """One check: what it is called and the command that fails when something is wrong."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    check: Check
    code: int
    output: str
    took_s: float


def static_checks() -> list[Check]:
    """The checks that run nothing of the project, the longest first."""
    return [
        Check("types", (f"{BIN}/basedpyright",)),
        Check("imports", (f"{BIN}/lint-imports", "--no-cache")),
        Check("lint", (f"{BIN}/ruff", "check", ".")),
        Check("format", (f"{BIN}/ruff", "format", "--check", ".")),
    ]


def pure_tests() -> list[Check]:
    """The tests that need no engine, BuildKit or network."""
    folders = [folder for folder in PURE_TESTS if (ROOT / folder).is_dir()]
    return [Check("pure tests", (f"{BIN}/python", "-m", "pytest", "-q", *folders))] if folders else []


def program_types() -> list[Check]:
    """The programs that a reader may copy; the first time mypy reads pulumi-aws, half a minute."""
    return [Check("programs", (f"{BIN}/python", "tools/check_programs.py"))]


def run(check: Check) -> Outcome:
    """Runs one check to its end."""
    begin = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(check, done.returncode, done.stdout, time.monotonic() - begin)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="check.py", description="Run the fast checks.")
    parser.add_argument("--static", action="store_true", help="leave out the pure tests and the types of programs")
    options = parser.parse_args(argv)
    checks = static_checks() if options.static else [*pure_tests(), *program_types(), *static_checks()]
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for outcome in pool.map(run, checks):
            verdict = "ok" if outcome.code == 0 else "FAILED"
            print(f"{outcome.check.name:<12} {verdict:<7} {outcome.took_s:5.1f} s", flush=True)
            if outcome.code != 0:
                failed.append(outcome.check.name)
                print(outcome.output, flush=True)
    if failed:
        print(f"check: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
