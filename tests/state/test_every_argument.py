"""No value of any public argument is an exception of Python's: it is taken, or refused in our own words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("every_argument.py")


def test_no_value_of_any_argument_is_a_traceback(tmp_path: Path) -> None:
    """In a process of its own: Pulumi's mocks are global."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_", "DOCKER_"))}
    environment = {**kept, "PATH": "", "HOME": str(tmp_path), "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *faults, trials = done.stdout.splitlines()
    assert not faults, "\n".join(faults)
    assert int(trials.partition(" ")[0]) > 5_000
