"""Where a local cloud keeps its files, and the record by which other processes find it.

Decides the layout of the state directory and the shape of ``cloud.json``. What lies in the folders is decided by
the part that owns each; who starts and stops the parts is decided in :mod:`localcloud.supervisor`.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


class LocalCloudError(Exception):
    """The local cloud cannot do what was asked; the message says why and what to do."""


def user_cache() -> Path:
    """The per-user cache folder of the project: ``FAST_CONTAINER_CACHE``, or one under ``XDG_CACHE_HOME``."""
    own = os.environ.get("FAST_CONTAINER_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fast-container"


def default_state_dir() -> Path:
    """The state directory that the command line uses when none is named."""
    return user_cache() / "localcloud"


@dataclasses.dataclass(frozen=True)
class CloudPaths:
    """The layout of a state directory."""

    state: Path

    @property
    def record(self) -> Path:
        """The running cloud's addresses; absent when nothing runs."""
        return self.state / "cloud.json"

    @property
    def lock(self) -> Path:
        """Held while a cloud is being started or stopped."""
        return self.state / "lock"

    @property
    def logs(self) -> Path:
        """One log file a part."""
        return self.state / "logs"

    @property
    def registry(self) -> Path:
        """The registry's storage: the truth about every image."""
        return self.state / "registry"

    @property
    def buildkit(self) -> Path:
        """BuildKit's root: its content store, snapshots and build cache."""
        return self.state / "buildkit"

    @property
    def sandboxes(self) -> Path:
        """Unpacked images and bundles of invoked functions."""
        return self.state / "sandboxes"

    @property
    def pulumi_home(self) -> Path:
        """A private ``PULUMI_HOME`` that holds the AWS plugin stand-in."""
        return self.state / "pulumi-home"

    @property
    def python_command(self) -> Path:
        """The command by which Pulumi starts Python."""
        return self.state / "python" / "python"

    @property
    def pulumi_backend(self) -> Path:
        """Pulumi's state files."""
        return self.state / "pulumi-state"

    @property
    def buildx(self) -> Path:
        """A private ``BUILDX_CONFIG`` with the builder that names this cloud's BuildKit."""
        return self.state / "buildx"

    @property
    def docker(self) -> Path:
        """A private ``DOCKER_CONFIG`` with buildx as command line plugin; never holds a credential."""
        return self.state / "docker"

    def make(self) -> None:
        """Creates the folders that every cloud has."""
        for path in (self.state, self.logs, self.registry, self.buildkit, self.sandboxes):
            path.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)


@dataclasses.dataclass(frozen=True)
class CloudRecord:
    """What a process must know to use a running cloud.

    Attributes:
        supervisor_pid: The process that everything of this cloud hangs on.
        started_at: The supervisor's start time in clock ticks since boot, so that a reused pid is not mistaken.
        aws_endpoint: All AWS APIs, ``http://127.0.0.1:PORT``.
        registry_host: The registry that demands ECR's credentials, ``127.0.0.1:PORT``.
        mirror_host: The registry's own port, without authentication: base images are served from it.
        buildkit_address: BuildKit's control socket, ``unix://…``.
        sockets_dir: The private folder of the sockets, removed when the cloud stops.
        control_token: What the control routes of the AWS endpoint demand.
    """

    supervisor_pid: int
    started_at: str
    aws_endpoint: str
    registry_host: str
    mirror_host: str
    buildkit_address: str
    sockets_dir: str
    control_token: str

    def write(self, path: Path) -> None:
        """Writes the record in one step, readable by the owner only."""
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(dataclasses.asdict(self), file, indent=1)
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> CloudRecord | None:
        """The record of a cloud that is alive, else None."""
        try:
            record = cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return record if record.alive() else None

    def alive(self) -> bool:
        """Whether the supervisor still runs."""
        return process_start(self.supervisor_pid) == self.started_at


def process_start(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot, or "" without one (or for a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file for the time of the block; wait for its current holder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
