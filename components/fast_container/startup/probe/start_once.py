"""Starts an image's program once, inside a step of a throw-away build, and writes down how it went.

Run as ``start_once.py NUMBER OUT EARLIER``: the run of that number of ``plan.json`` beside this file; OUT gets
``runs.jsonl``, the lines of earlier runs with one more. A start that failed ends the build; what is known of it is a
line of the build's log.

Decides when a program has started: a Lambda function asks the Runtime API for its first event, a service listens on a
port, a module is imported. It runs as the image's user (a function as Lambda's, which may write to ``/tmp`` alone), and
is ended as soon as it has started. Leaves the meaning of what was written down to ``startup.runs``.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_OUTPUT_BYTES = 4000
_LAMBDA_USER = (993, 990)
"""The ids of Lambda's ``sbx_user1051``."""
_LISTENS = "0A"
_TEMPORARY = "/tmp"  # noqa: S108 - the container's
_NOT_OF_THE_IMAGE = ("/proc/", "/sys/", "/dev/", f"{_TEMPORARY}/", "/.fast-container")


class _RuntimeApi(ThreadingHTTPServer):
    """The Runtime API: the first ``next`` is noted and never answered."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked_ns: int | None = None
        self.refused = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    @property
    def _api(self) -> _RuntimeApi:
        assert isinstance(self.server, _RuntimeApi)
        return self.server

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Note the first ``next``, and keep its connection waiting."""
        if self.path.endswith("/runtime/invocation/next"):
            self._api.asked_ns = self._api.asked_ns or time.monotonic_ns()
            threading.Event().wait()
        self.send_error(404)

    def do_POST(self) -> None:
        """Note an error of the initialisation."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/runtime/init/error"):
            self._api.refused = body.decode("utf-8", "replace")
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


class _Start:
    """One start of a subject.

    Args:
        subject: Of ``plan.json``: kind, command, env, user, working_directory, module, timeout_s.
        what: ``time``, ``imports`` or ``files``.
        hooks: The folder of ``sitecustomize``.
    """

    def __init__(self, subject: dict[str, Any], what: str, hooks: Path) -> None:
        self.subject, self.what, self.hooks = subject, what, hooks
        self.api = _RuntimeApi() if subject["kind"] == "lambda" else None
        Path(_TEMPORARY).mkdir(mode=0o1777, exist_ok=True)
        self.notes = Path(_TEMPORARY, "fast-container-opened")
        self.output = Path("/.fast-container-output")
        self.imported = os.pipe()
        self.ports = _listening()
        self.user = _LAMBDA_USER if self.api else _ids(str(subject["user"]))

    def run(self) -> dict[str, Any]:
        """Start it, wait, look at it, end it."""
        with self.output.open("wb") as output:
            began_ns = time.monotonic_ns()
            try:
                process = subprocess.Popen(
                    self._command(),
                    env=self._environment(),
                    cwd=self.subject["working_directory"] or "/",
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    user=self.user[0],
                    group=self.user[1],
                    extra_groups=[],
                    pass_fds=(self.imported[1],),
                )
            except OSError as error:
                return self._failed("not_started", str(error))
        try:
            return self._wait(process, began_ns)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _command(self) -> list[str]:
        if self.subject["kind"] != "module":
            return list(self.subject["command"])
        # It stays until it is ended, so that its memory can be looked at.
        code = f"import os, {self.subject['module']}; os.write({self.imported[1]}, b'.'); __import__('time').sleep(9e4)"
        return [*self.subject["command"], "-c", code]

    def _environment(self) -> dict[str, str]:
        found = dict(self.subject["env"])
        if self.api:
            found["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{self.api.server_port}"
        if self.what == "imports":
            found["PYTHONPROFILEIMPORTTIME"] = "1"
        if self.what == "files":
            self.notes.touch()
            self.notes.chmod(0o666)
            found["_FAST_CONTAINER_OPENED_FILES"] = str(self.notes)
            found["PYTHONPATH"] = ":".join(filter(None, (str(self.hooks), found.get("PYTHONPATH"))))
        return found

    def _wait(self, process: subprocess.Popen[bytes], began_ns: int) -> dict[str, Any]:
        timeout_ns = int(self.subject["timeout_s"] * 1e9)
        os.set_blocking(self.imported[0], False)
        while True:
            ready_ns = self._ready_ns()
            if ready_ns is not None:
                return {"ready_ns": ready_ns - began_ns, **self._seen(process.pid)}
            if self.api and self.api.refused:
                return self._failed("init_error", self.api.refused)
            code = process.poll()
            if code is not None:
                return self._failed("exited", f"exit code {code}" if code >= 0 else f"signal {-code}")
            if time.monotonic_ns() - began_ns > timeout_ns:
                return self._failed("timeout", "")
            time.sleep(0.001)

    def _ready_ns(self) -> int | None:
        if self.api:
            return self.api.asked_ns
        if self.subject["kind"] == "service":
            return time.monotonic_ns() if _listening() - self.ports else None
        try:
            return time.monotonic_ns() if os.read(self.imported[0], 1) else None
        except BlockingIOError:
            return None

    def _seen(self, leader: int) -> dict[str, Any]:
        processes = _of_session(leader)
        seen: dict[str, Any] = {"peak_bytes": sum(map(_peak_bytes, processes))}
        if self.what == "imports":
            text = self.output.read_text("utf-8", "replace")
            seen["import_lines"] = [line for line in text.splitlines() if line.startswith("import time:")]
        if self.what == "files":
            # What is mapped is told to the program's own user only.
            seen["mapped"] = _as_user(self.user, [str(pid) for pid in processes])
            lines = self.notes.read_bytes().decode("utf-8", "replace").splitlines()
            seen["opened"] = _sizes({line[7:] for line in lines if line.startswith("opened ")})
            seen["compiled"] = sorted({line[9:] for line in lines if line.startswith("compiled ")})
        return seen

    def _failed(self, kind: str, why: str) -> dict[str, Any]:
        said = self.output.read_bytes()[-_OUTPUT_BYTES:].decode("utf-8", "replace")
        return {"failure": kind, "kind": self.subject["kind"], "why": why, "output": said}


def _ids(user: str) -> tuple[int, int]:
    """Read ``name``, ``uid``, ``name:group`` and so on as a container runtime does."""
    name, _, group = (user or "0").partition(":")
    try:
        known = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        known = None
    uid = int(name) if name.isdigit() else known.pw_uid if known else 0
    if not group:
        return uid, known.pw_gid if known else 0
    return uid, int(group) if group.isdigit() else grp.getgrnam(group).gr_gid


def _listening() -> set[str]:
    """List the sockets of this network that listen."""
    found: set[str] = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", name).read_text("utf-8").splitlines()[1:]
        except OSError:
            continue
        found |= {f"{name} {words[1]}" for words in map(str.split, lines) if words[3] == _LISTENS}
    return found


def _of_session(leader: int) -> list[int]:
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (place / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[3]) == leader:
            found.append(int(place.name))
    return found


def _peak_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _as_user(user: tuple[int, int], processes: list[str]) -> list[list[Any]]:
    """Look at the mapped files of processes in a child that is their user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user[1])
            os.setuid(user[0])
            with os.fdopen(writing, "w") as out:
                json.dump(_mapped(processes), out)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said or "[]")


def _mapped(processes: list[str]) -> list[list[Any]]:
    """List the files that processes have mapped: path, size, and the bytes of it that are in memory."""
    resident: dict[str, int] = {}
    path = ""
    for pid in processes:
        try:
            lines = Path(f"/proc/{pid}/smaps").read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        for line in lines:
            words = line.split(None, 5)
            if "-" in words[0] and not words[0].endswith(":"):
                path = words[5] if len(words) == 6 and words[5].startswith("/") else ""
            elif words[0] == "Rss:" and path:
                resident[path] = resident.get(path, 0) + int(words[1]) * 1024
    return [[name, size, resident[name]] for name, size in _sizes(set(resident))]


def _sizes(paths: set[str]) -> list[tuple[str, int]]:
    """List those of the paths that are files of the image, with their sizes."""
    found: dict[str, int] = {}
    for path in paths:
        place = Path(os.path.realpath(path))
        if not str(place).startswith(_NOT_OF_THE_IMAGE) and place.is_file():
            found[str(place)] = place.stat().st_size
    return sorted(found.items())


def main(number: int, out: Path, earlier: Path) -> int:
    """Do the run of that number; return the exit code."""
    here = Path(__file__).resolve().parent
    plan = json.loads((here / "plan.json").read_text("utf-8"))
    lines = earlier.read_text("utf-8").splitlines() if earlier.exists() else []
    run = plan["runs"][number]
    found = {**run, **_Start(plan["subjects"][run["subject"]], run["what"], here / "hooks").run()}
    if "failure" in found:
        # In one piece, or it is two lines of the build's log.
        os.write(1, f"{plan['failure_mark']}{json.dumps(found)}\n".encode())
        return 1
    lines.append(json.dumps(found))
    out.mkdir()
    (out / "runs.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
