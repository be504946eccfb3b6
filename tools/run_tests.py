"""Runs the static checks and the tests on both cores.

Decides how: three workers, since engine tests wait as much as they work; modules that take long first, so that no
worker begins with one when the others have ended; the emulator of CodeBuild shares its process with moto, so it has a
run of its own, beside the static checks; and Python keeps its bytecode, or each of hundreds of processes compiles anew.

How long modules take stands in ``tests/seconds.json``, which ``python tools/run_tests.py --measure`` writes anew; what
is not in there is short, or an engine test that is younger than the file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
SECONDS = ROOT / "tests" / "seconds.json"
EMULATOR = "tests/localcloud/codebuild"
# Modules in the order of tests/conftest.py.
WORKERS = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
_WORTH_NOTING_S = 2.0


def both_cores(*arguments: str) -> int:
    """The exit code of one run."""
    command = [sys.executable, "-m", "pytest", "-q", *WORKERS, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def seconds_of_modules(report: str) -> dict[str, int]:
    """Module → seconds, the longest first, from a JUnit report; modules that are soon done are left out."""
    found: Counter[str] = Counter()
    for case in ElementTree.fromstring(report).iter("testcase"):
        parts = case.get("classname", "").split(".")
        while parts and not (ROOT / "/".join(parts)).with_suffix(".py").is_file():
            parts.pop()  # a class in the module
        found["/".join(parts) + ".py"] += float(case.get("time", 0))
    return {module: round(spent) for module, spent in found.most_common() if spent >= _WORTH_NOTING_S}


def measured() -> int:
    """Run all but the emulator's tests, and write down how long modules take."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code = both_cores("tests", f"--ignore={EMULATOR}", f"--junitxml={report}")
        if report.is_file():
            SECONDS.write_text(json.dumps(seconds_of_modules(report.read_text()), indent=2) + "\n")
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of the first that failed, or 0."""
    parser = argparse.ArgumentParser(prog="run_tests.py", description="Run the tests.")
    parser.add_argument("--measure", action="store_true", help=f"write {SECONDS.relative_to(ROOT)} anew")
    if parser.parse_args(argv).measure:
        return measured()
    with subprocess.Popen([sys.executable, "tools/check.py", "--static"], cwd=ROOT) as static:
        code = both_cores(EMULATOR)
    return code or static.returncode or both_cores("tests", f"--ignore={EMULATOR}")


if __name__ == "__main__":
    sys.exit(main())
