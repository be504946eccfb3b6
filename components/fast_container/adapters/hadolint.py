"""Runs hadolint, where it is on PATH, over a Dockerfile.

Decides that a Dockerfile goes in by standard input, and that hadolint may take some seconds. Leaves what its answer
means to ``checks.dockerfile.hadolint``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from typing import Final

from fast_container.errors import LocalSystemError

TIMEOUT_S: Final = 30.0


def find_hadolint(environment: Mapping[str, str]) -> str | None:
    """Path of the program; None without it."""
    return shutil.which("hadolint", path=environment.get("PATH", ""))


def run_hadolint(
    program: str, dockerfile: bytes, environment: Mapping[str, str], *, timeout_s: float = TIMEOUT_S
) -> bytes:
    """Return hadolint's JSON about a Dockerfile. Blocking.

    Raises:
        LocalSystemError: It cannot be run, fails, or takes too long.
    """
    try:
        done = subprocess.run(
            [program, "--no-fail", "--format", "json", "-"],
            env=dict(environment),
            input=dockerfile,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _failed(program, str(error)) from None
    if done.returncode:
        raise _failed(program, done.stderr.decode(errors="replace").strip())
    return done.stdout


def _failed(program: str, why: str) -> LocalSystemError:
    return LocalSystemError(
        "hadolint cannot be asked.",
        where=program,
        why=why,
        next_step="Mend it, or take it from PATH: lint works without it.",
    )
