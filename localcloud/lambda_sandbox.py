"""Sandboxes: a function's image really run, one event at a time.

Decides what the code in a sandbox sees (file system, user, environment), how long it may take and what a caller is
told when it fails, after what Lambda does: root read-only but for ``/tmp``, a user without rights, the image's own
entry point. The memory limit is not enforced; the network is the host's.
"""

from __future__ import annotations

import dataclasses
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.image_layers import UnpackedImage
from localcloud.processes import PRIVATE_NAMESPACES, end_namespaces
from localcloud.runtime_api import Invocation, Outcome, RuntimeApi

INIT_TIMEOUT_S = 10.0
"""Lambda gives a function ten seconds to initialise."""

_USER, _GROUP = 993, 990
"""The ids of Lambda's ``sbx_user1051``."""

_LAUNCHER = Path(__file__).with_name("sandbox_launcher.py")


@dataclasses.dataclass(frozen=True)
class SandboxSettings:
    """What a sandbox is made of.

    Attributes:
        command: Entry point and arguments.
        timeout_s: The longest that one invocation may take.
        tmp_bytes: The size of ``/tmp``.
    """

    image: UnpackedImage
    command: tuple[str, ...]
    working_directory: str
    environment: Mapping[str, str]
    timeout_s: float
    tmp_bytes: int
    function_arn: str
    cgroup: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a caller gets: the payload, whether it is an error, and what the code wrote meanwhile."""

    payload: bytes
    failed: bool
    log: str
    request_id: str
    duration_ms: float
    init_ms: float | None


class Sandbox:
    """One running copy of a function."""

    def __init__(
        self, settings: SandboxSettings, runc: Path, folder: Path, start: Callable[..., subprocess.Popen[bytes]]
    ) -> None:
        self._settings = settings
        self._bundle = folder / f"sandbox-{uuid.uuid4().hex[:12]}"
        for name in ("upper", "work", "rootfs", "state"):
            (self._bundle / name).mkdir(parents=True)
        self._log = self._bundle / "output"
        self._log.touch()
        self._log_read = 0
        self._api = RuntimeApi()
        self._began = time.monotonic()
        self._init_ms: float | None = None
        self._fresh = True
        specification = _specification(settings, self._bundle.name, self._api.address)
        (self._bundle / "config.json").write_text(json.dumps(specification))
        lower = ":".join(str(layer) for layer in reversed(settings.image.layers))
        self._process = start(
            [*PRIVATE_NAMESPACES, sys.executable, "-I", "-S", _LAUNCHER, runc, self._bundle, lower],
            log=self._log,
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        threading.Thread(target=self._watch, name="sandbox", daemon=True).start()

    def _watch(self) -> None:
        """Notify waiters when the process ends."""
        code = self._process.wait()
        self._api.ready.set()
        self._api.outcomes.put(Outcome("exited", str(code).encode()))

    @property
    def usable(self) -> bool:
        """Whether it can take an event."""
        return self._process.poll() is None

    def invoke(self, payload: bytes, client_context: str = "") -> Answer:
        """Runs one event; a sandbox that failed to initialise, exited or timed out is ended by it."""
        request_id = str(uuid.uuid4())
        if self._fresh and not self._api.ready.wait(INIT_TIMEOUT_S):
            return self._failed(request_id, "Sandbox.Timedout", "Init timed out", INIT_TIMEOUT_S * 1000)
        init_ms = None
        if self._fresh:
            self._fresh = False
            init_ms = self._init_ms = (time.monotonic() - self._began) * 1000
        timeout_s = self._settings.timeout_s
        deadline_ms = int((time.time() + timeout_s) * 1000)
        began = time.monotonic()
        self._api.send(Invocation(request_id, payload, deadline_ms, self._settings.function_arn, client_context))
        try:
            outcome = self._api.outcomes.get(timeout=timeout_s)
        except queue.Empty:
            return self._failed(
                request_id, "Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds", timeout_s * 1000
            )
        took_ms = (time.monotonic() - began) * 1000
        if outcome.kind == "exited":
            status = outcome.payload.decode()
            text = (
                f"Runtime exited with error: exit status {status}"
                if status != "0"
                else "Runtime exited without providing a reason"
            )
            return self._failed(request_id, "Runtime.ExitError", text, took_ms)
        if outcome.kind == "init_error":
            self.stop()
        failed = outcome.kind != "response"
        return Answer(outcome.payload, failed, self._new_output(), request_id, took_ms, init_ms)

    def _failed(self, request_id: str, kind: str, text: str, took_ms: float) -> Answer:
        self.stop()
        message = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {text}"}
        return Answer(json.dumps(message).encode(), True, self._new_output(), request_id, took_ms, None)

    def _new_output(self) -> str:
        with self._log.open("rb") as file:
            file.seek(self._log_read)
            text = file.read()
        self._log_read += len(text)
        return text.decode(errors="replace")

    def stop(self) -> None:
        """Ends it."""
        end_namespaces(self._process)
        self._api.stop()

    def remove(self) -> None:
        """Ends it and removes its files."""
        self.stop()
        shutil.rmtree(self._bundle, ignore_errors=True)


def _specification(settings: SandboxSettings, name: str, runtime_api: str) -> dict[str, Any]:
    """The OCI runtime specification of a sandbox."""
    environment = {**settings.environment, "AWS_LAMBDA_RUNTIME_API": runtime_api}
    private = ["nosuid", "nodev"]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": _USER, "gid": _GROUP},
            "args": list(settings.command),
            "env": [f"{key}={value}" for key, value in environment.items()],
            "cwd": settings.working_directory,
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "localcloud",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
            {
                "destination": "/tmp",  # noqa: S108 - the sandbox's
                "type": "tmpfs",
                "source": "tmpfs",
                "options": [*private, "mode=1777", f"size={settings.tmp_bytes}"],
            },
            {
                "destination": "/etc/resolv.conf",
                "type": "bind",
                "source": "/etc/resolv.conf",
                "options": ["bind", "ro"],
            },
        ],
        "linux": {
            "cgroupsPath": f"/{settings.cgroup}/{name}",
            "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")],
            "maskedPaths": ["/proc/kcore", "/proc/keys"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }
