"""Starts a supervisor and waits for its word.

Decides how the process is set free of its starter (or tied to it by a lifeline pipe) and what a killed cloud left
outside its state directory. What the supervisor does is :mod:`localcloud.supervisor`'s.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from localcloud.processes import remove_cgroups
from localcloud.state import CloudPaths, CloudRecord, LocalCloudError

FOREIGN = ("AWS_", "PULUMI_", "BUILDX_", "DOCKER_", "BUILDKIT_", "VAULT_")
"""Settings of the user's that must not reach a process on the local cloud."""

NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""Neither must this one: each process of each operation would compile the AWS SDK again."""


def launch(paths: CloudPaths, tools: Path, *, own: bool) -> tuple[subprocess.Popen[bytes], int | None]:
    """Starts the supervisor and waits for its word; returns it and our end of the lifeline."""
    clear_remains(paths)
    shutil.rmtree(paths.logs, ignore_errors=True)
    (paths.state / "crash.txt").unlink(missing_ok=True)
    paths.make()
    project = Path(__file__).resolve().parents[1]
    ready_read, ready_write = os.pipe()
    lifeline_read, lifeline_write = os.pipe() if own else (None, None)
    command = [sys.executable, "-m", "localcloud.supervisor", "--state", str(paths.state), "--tools", str(tools)]
    command += ["--ready-fd", str(ready_write)]
    command += ["--lifeline-fd", str(lifeline_read)] if own else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    with (paths.logs / "supervisor.log").open("ab") as log:
        supervisor = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=project,
            env={**kept, "PYTHONPATH": str(project)},
            pass_fds=[descriptor for descriptor in (ready_write, lifeline_read) if descriptor is not None],
            start_new_session=True,
        )
    os.close(ready_write)
    if lifeline_read is not None:
        os.close(lifeline_read)
    with os.fdopen(ready_read) as ready:
        word = ready.read().strip()
    if word != "ready":
        if lifeline_write is not None:
            os.close(lifeline_write)
        supervisor.wait()
        raise LocalCloudError(word or f"the local cloud did not start; see {paths.logs / 'supervisor.log'}")
    return supervisor, lifeline_write


def clear_remains(paths: CloudPaths) -> None:
    """Removes what a cloud whose supervisor was killed left outside its state directory; nothing while it runs."""
    if CloudRecord.read(paths.record):
        return
    try:
        sockets = Path(json.loads(paths.record.read_text())["sockets_dir"])
    except (OSError, ValueError, KeyError):
        return
    shutil.rmtree(sockets, ignore_errors=True)
    remove_cgroups(sockets.name)
    paths.record.unlink()
