"""The OCI registry: CNCF distribution on a loopback port, with its files in the state directory.

Decides distribution's settings. It asks for no credentials: what clients of "ECR" see is :mod:`localcloud.gateway`,
which stands before it; BuildKit pulls base images from it directly.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
from pathlib import Path

from localcloud.processes import spawn, wait_until


class RegistryProcess:
    """A running distribution; ``host`` is ``127.0.0.1:PORT``."""

    def __init__(self, binary: Path, storage: Path, log: Path, configuration: Path) -> None:
        self._log = log
        self.host = f"127.0.0.1:{free_port()}"
        configuration.write_text(json.dumps(self._settings(storage)))
        environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        self.process: subprocess.Popen[bytes] = spawn(
            [binary, "serve", configuration], log=log, environment=environment
        )

    def _settings(self, storage: Path) -> dict[str, object]:
        return {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage), "maxthreads": 100},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"addr": self.host, "secret": secrets.token_hex(16)},
        }

    def wait(self) -> None:
        """Waits until it answers."""
        wait_until(self.answers, part="the registry", child=self.process, log=self._log)

    def answers(self) -> bool:
        """Whether it answers right now."""
        connection = http.client.HTTPConnection(self.host, timeout=2)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def free_port() -> int:
    """A loopback port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
