"""BuildKit with a private root and socket, restartable at the same address.

Decides buildkitd's settings: rootful OCI worker, host network, base images by plain HTTP from the registry's own
port under their real names, a build cache that stays small, and ``network.host`` allowed, as in builders that buildx
makes. It runs as the first process of its own pid and mount namespaces, so that a ``kill -9`` leaves neither running
steps nor mounts.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from localcloud.processes import PRIVATE_NAMESPACES, end_namespaces, inner_pid, wait_until

MIRRORED = ("docker.io", "public.ecr.aws")
"""Registries whose images are served from the local registry."""

_SETTINGS = """\
root = "{root}"
insecure-entitlements = ["network.host"]
[grpc]
  address = ["unix://{socket}"]
[otel]
  socketPath = "{traces}"
[worker.oci]
  enabled = true
  networkMode = "host"
  binary = "{runc}"
  defaultCgroupParent = "{cgroup}"
  gc = true
  maxUsedSpace = "4GB"
  minFreeSpace = "2GB"
[worker.containerd]
  enabled = false
"""


class BuildKit:
    """A buildkitd that can be killed and started again."""

    def __init__(
        self,
        tools: Path,
        root: Path,
        sockets: Path,
        log: Path,
        *,
        plain_http: tuple[str, ...],
        mirror: str,
        cgroup: str,
        start: Callable[..., subprocess.Popen[bytes]],
    ) -> None:
        self._binary = tools / "buildkitd"
        self._socket = sockets / "buildkitd.sock"
        self._log = log
        self._start = start
        self._lock = threading.Lock()
        self._settings = sockets / "buildkitd.toml"
        text = _SETTINGS.format(
            root=root, socket=self._socket, traces=sockets / "traces.sock", runc=tools / "runc", cgroup=cgroup
        )
        for host in plain_http:
            text += f'[registry."{host}"]\n  http = true\n'
        for name in MIRRORED:
            text += f'[registry."{name}"]\n  mirrors = ["{mirror}"]\n'
        self._settings.write_text(text)
        self.address = f"unix://{self._socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Starts it unless it runs already."""
        with self._lock:
            if self.process is None:
                self.process = self._start(
                    [*PRIVATE_NAMESPACES, self._binary, "--config", self._settings],
                    log=self._log,
                    environment={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
                )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Waits until it accepts connections."""
        process = self.process
        if process is not None:
            wait_until(self.answers, part="BuildKit", child=process, log=self._log)

    def answers(self) -> bool:
        """Whether it accepts connections right now."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket))
            except OSError:
                return False
            return True

    def pid(self) -> int:
        """The process id of buildkitd itself, or 0 when it does not run."""
        return inner_pid(self.process) if self.process else 0

    def kill(self) -> None:
        """Ends it by SIGKILL, as a crash would."""
        self._end(grace_s=0)

    def stop(self) -> None:
        """Ends it in good order."""
        self._end(grace_s=5)

    def _end(self, grace_s: float) -> None:
        with self._lock:
            process, self.process = self.process, None
        if process is not None:
            end_namespaces(process, grace_s=grace_s)
