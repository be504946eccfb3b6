"""Child processes that cannot outlive the supervisor.

Decides how a part is started, logged and ended. A child gets SIGKILL from the kernel when the supervisor dies. That
signal is tied to the *thread* that forked, so every child is forked by one thread that lives as long as the
supervisor: the main thread, which serves :class:`Spawner`'s queue.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from localcloud.state import LocalCloudError

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1

PRIVATE_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
"""Runs a command as the first process of its own pid and mount namespaces.

When it dies, even by SIGKILL, the kernel ends all that it started and drops all that it mounted.
"""


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Spawner:
    """Forks every child on the thread that runs :meth:`serve`."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()

    def serve(self, timeout_s: float) -> None:
        """Does the jobs that have come in, waiting at most so long for the first."""
        try:
            job, future = self._jobs.get(timeout=timeout_s)
        except queue.Empty:
            return
        try:
            future.set_result(job())
        except BaseException as error:
            future.set_exception(error)

    def wake(self) -> None:
        """Lets :meth:`serve` return; safe in a signal handler."""
        self._jobs.put((lambda: None, Future()))

    def start(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        working_directory: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a child from another thread and waits until it is forked."""
        future: Future[subprocess.Popen[bytes]] = Future()
        self._jobs.put(
            (
                lambda: spawn(command, log=log, environment=environment, working_directory=working_directory),
                future,
            )
        )
        return future.result(timeout=30)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    working_directory: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child in its own process group; only for the thread that outlives all children."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=working_directory,
            env=dict(environment) if environment is not None else None,
            process_group=0,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one C call, no lock taken
        )


def end(child: subprocess.Popen[bytes], *, grace_s: float = 3.0) -> None:
    """Ends a child and its process group: SIGTERM first, SIGKILL when it does not end in time."""
    if child.poll() is None and grace_s > 0:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=grace_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def inner_pid(outer: subprocess.Popen[bytes]) -> int:
    """The first process of the namespaces that :data:`PRIVATE_NAMESPACES` made, or 0 when it is gone."""
    if outer.poll() is not None:
        return 0
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
    return int(children[0]) if children else 0


def end_namespaces(outer: subprocess.Popen[bytes], *, grace_s: float = 0.0) -> None:
    """Ends all that runs below :data:`PRIVATE_NAMESPACES` and waits until the last of it is gone."""
    pid = inner_pid(outer)
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 10.0)):
        if not pid or wait_s <= 0:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        # The kernel lets the first process of a pid namespace go only after all others in it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            outer.wait(timeout=wait_s)
            return
    end(outer, grace_s=0)


def wait_until(
    ready: Callable[[], bool], *, part: str, child: subprocess.Popen[bytes], log: Path, timeout_s: float = 20.0
) -> None:
    """Waits until a part answers.

    Raises:
        LocalCloudError: It ended or did not answer in time; holds the last lines of its log.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if child.poll() is not None:
            raise LocalCloudError(f"{part} ended with code {child.returncode}\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise LocalCloudError(f"{part} did not answer within {timeout_s:.0f} s\n{last_lines(log)}")
        time.sleep(0.02)


def last_lines(log: Path, count: int = 20) -> str:
    """The last lines of a log, indented, with its place."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        lines = []
    return "\n".join([f"  last lines of {log}:", *(f"    | {line}" for line in lines)])


def remove_cgroups(name: str) -> None:
    """Removes the control groups below ``/<name>`` of every hierarchy: runc leaves them when it is killed."""
    for top in [Path("/sys/fs/cgroup") / name, *Path("/sys/fs/cgroup").glob(f"*/{name}")]:
        for folder, _folders, _files in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
