"""Builds the pinned Go modules.

Decides how many modules compile side by side, what is said while they do, and that a folder of programs appears
complete or not at all. Which Go is used is decided in ``go_toolchain``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tools.go_toolchain import Go
from tools.locking import Say
from tools.pins import GoModule

WORK_PREFIX = ".work-"
LAST_LINES = 25


class ToolsError(Exception):
    """The tools cannot be had; the message says what is wrong and what to do next."""


@dataclass
class _Build:
    module: GoModule
    work: Path
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    begin: float = field(default_factory=time.monotonic)

    def lines(self) -> list[str]:
        self.output.seek(0)
        return self.output.read().decode(errors="replace").splitlines()

    def progress(self) -> str:
        # With -v the compiler names each package that it has compiled in a line of its own.
        compiled = sum(1 for line in self.lines() if line and " " not in line)
        count = f" ({compiled} packages)" if compiled else ""
        return f"{self.module.name} {time.monotonic() - self.begin:.0f} s{count}"

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.output.close()
        shutil.rmtree(self.work, ignore_errors=True)


class _Running:
    """The builds that run; none begins after ``close``."""

    def __init__(self) -> None:
        self.builds: list[_Build] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def start(self, module: GoModule, built: Path, go: Go) -> None:
        """Start a module's build, unless this is closed."""
        with self._lock:
            if not self._is_closed:
                self.builds.append(_start(module, built, go))

    def close(self) -> None:
        """Wait for a start that goes on; let no more follow."""
        with self._lock:
            self._is_closed = True


def folder_of(module: GoModule, built: Path) -> Path:
    """Return the folder of a module's programs; it exists only when it is complete."""
    return built / f"{module.name}-{module.digest()}"


def build_modules(
    modules: Sequence[GoModule],
    built: Path,
    go: Go,
    say: Say,
    *,
    side_by_side: int | None = None,
    every_s: float = 10.0,
) -> None:
    """Builds modules into folders of their own. The caller holds the lock of ``built``.

    Args:
        modules: What to build; the first ones are started first.
        built: The folder to build below.
        go: The toolchain.
        say: Told what is compiling and what is done.
        side_by_side: How many modules compile at once. The compiler itself uses every core; the default, two or
            half of the cores, fills the gaps that downloading and linking leave.
        every_s: Seconds between two lines of progress.

    Raises:
        ToolsError: A module did not compile; the other builds have been stopped, nothing of theirs is left.
    """
    limit = side_by_side or max(2, (os.cpu_count() or 2) // 2)
    waiting = list(modules)
    running = _Running()
    told = time.monotonic()
    remove_leftovers(built)
    # Processes are started in a thread, because an interrupt reaches only the main thread: it cannot fall between the
    # start of a process and the note that it has to be stopped. If it falls into the start of that thread, the executor
    # does not know the thread, so its shutdown does not wait for it: close() does.
    starter = ThreadPoolExecutor(max_workers=1)
    try:
        while waiting or running.builds:
            while waiting and len(running.builds) < limit:
                starter.submit(running.start, waiting.pop(0), built, go).result()
            time.sleep(0.05)
            for build in [build for build in running.builds if build.process.poll() is not None]:
                _finish(build, built, say)
                running.builds.remove(build)
            if running.builds and time.monotonic() - told >= every_s:
                told = time.monotonic()
                say("compiling " + ", ".join(build.progress() for build in running.builds))
    finally:
        starter.shutdown(wait=True)
        running.close()
        for build in running.builds:
            build.stop()
        remove_leftovers(built)


def remove_leftovers(built: Path) -> None:
    """Removes the working folders of a run that was killed. The caller holds the lock of ``built``."""
    for left in built.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)


def _start(module: GoModule, built: Path, go: Go) -> _Build:
    built.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=built))
    command = [str(go.executable), "build", "-v", "-o", f"{work}/"]
    if module.stamps:
        command += ["-ldflags", module.linker_flags()]
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop() or _finish()
    process = subprocess.Popen(
        [*command, *module.packages()],
        cwd=module.folder,
        env=dict(go.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that its compilers can be stopped with it
    )
    return _Build(module, work, process, output)


def _finish(build: _Build, built: Path, say: Say) -> None:
    code = build.process.returncode
    if code != 0:
        raise ToolsError(_failure(build, code))
    missing = [name for name in build.module.programs() if not (build.work / name).is_file()]
    if missing:
        raise ToolsError(f"go build of tools/{build.module.name} left no {', '.join(missing)}.")
    for companion in build.module.beside:
        shutil.copy(companion, build.work / companion.name)
        (build.work / companion.name).chmod(0o755)
    build.work.chmod(0o755)
    target = folder_of(build.module, built)
    shutil.rmtree(target, ignore_errors=True)
    build.work.rename(target)
    build.output.close()
    say(f"built {', '.join(build.module.programs())} in {time.monotonic() - build.begin:.0f} s")


def _failure(build: _Build, code: int) -> str:
    lines = [line for line in build.lines() if " " in line][-LAST_LINES:]
    text = "\n".join(f"    {line}" for line in lines) or "    (Go said nothing)"
    unreachable = any(word in text for word in ("dial tcp", "no such host", "i/o timeout", "proxyconnect"))
    next_step = (
        "the Go module proxy could not be reached: check the network or GOPROXY, then run the same command again."
        if unreachable
        else f"run the same command again, or `cd {build.module.folder} && go build ./...` to see more."
    )
    return f"go build of tools/{build.module.name} failed with exit code {code}:\n{text}\n  next: {next_step}"
