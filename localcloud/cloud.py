"""A local cloud as its users hold it: start, stop, addresses, environment.

Decides what a ``pulumi`` process or an AWS client needs to be told to use the cloud and nothing else. The parts run
below :mod:`localcloud.supervisor`; this module starts that process and talks to it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.aws_api import CONTROL_PREFIX
from localcloud.base_images import NAMES, BaseImageKind, StandIn, ensure_base_image, serve
from localcloud.base_images.catalogue import SERVED_AT_START, Architecture, Suite
from localcloud.codebuild.control import CallControl, CodeBuildControl
from localcloud.launching import FOREIGN, NO_BYTECODE, launch
from localcloud.processes import remove_cgroups
from localcloud.state import ACCOUNT_ID, REGION, CloudPaths, CloudRecord, LocalCloudError, locked

BUILDER_NAME = "localcloud"
SERVICES = (
    *("cloudwatch", "codebuild", "ecr", "ecs", "ec2", "events", "iam", "kms", "lambda"),
    *("logs", "s3", "secretsmanager", "sns", "ssm", "sts"),
)
"""The services whose endpoints a stack's configuration names."""

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0


class LocalCloud:
    """A running local cloud.

    Attributes:
        aws_endpoint: All AWS APIs, ``http://127.0.0.1:PORT``.
        registry_host: ``127.0.0.1:PORT``; ECR's ``repositoryUri`` is ``<registry_host>/<name>``.
        mirror_host: Where BuildKit gets base images from, without credentials.
        buildkit_address: ``unix://…``.
        sockets_dir: The private folder of the sockets; processes of this cloud name it or ``state_dir``.
        builder_name: The buildx builder in the cloud's private ``BUILDX_CONFIG``.
        codebuild: Faults and limits of CodeBuild.
        calls: Counts of API calls, and calls that are to fail.
    """

    def __init__(self, paths: CloudPaths, record: CloudRecord, tools_dir: Path | None) -> None:
        self._paths = paths
        self._record = record
        self._given_tools_dir = tools_dir
        self._lifeline: int | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        self.state_dir = paths.state
        self.aws_endpoint = record.aws_endpoint
        self.registry_host = record.registry_host
        self.mirror_host = record.mirror_host
        self.buildkit_address = record.buildkit_address
        self.builder_name = BUILDER_NAME
        self.sockets_dir = Path(record.sockets_dir)
        self.account_id = ACCOUNT_ID
        self.region = REGION
        self.codebuild = CodeBuildControl(self.control)
        self.calls = CallControl(self.control)

    # --- starting and stopping

    @classmethod
    def start(cls, state_dir: Path, *, tools_dir: Path | None = None) -> LocalCloud:
        """Starts a cloud that stays until it is stopped; takes the one that runs there already.

        Args:
            state_dir: Where the cloud keeps its files.
            tools_dir: The folder of the tools; by default the pinned ones, got first where they are not there yet.

        Raises:
            LocalCloudError: A part does not start; holds the last lines of its log.
        """
        return cls._start(state_dir, tools_dir, own=False)

    @classmethod
    @contextmanager
    def running(cls, state_dir: Path, *, tools_dir: Path | None = None) -> Iterator[LocalCloud]:
        """A cloud for the time of the block; it ends with this process, however this process ends."""
        cloud = cls._start(state_dir, tools_dir, own=True)
        try:
            yield cloud
        finally:
            cloud.stop()

    @classmethod
    def find(cls, state_dir: Path, *, tools_dir: Path | None = None) -> LocalCloud | None:
        """The cloud that runs with this state directory, or None."""
        paths = CloudPaths(state_dir.absolute())
        record = CloudRecord.read(paths.record)
        return cls(paths, record, tools_dir) if record else None

    @classmethod
    def _start(cls, state_dir: Path, tools_dir: Path | None, *, own: bool) -> LocalCloud:
        paths = CloudPaths(state_dir.absolute())
        tools = tools_dir or _tools()
        for image in SERVED_AT_START:
            ensure_base_image(image)
        with locked(paths.lock):
            running = None if own else cls.find(state_dir, tools_dir=tools)
            if running is not None:
                return running
            if own and CloudRecord.read(paths.record):
                raise LocalCloudError(f"another local cloud runs in {paths.state}; stop it or name another directory")
            supervisor, lifeline = launch(paths, tools, own=own)
            record = CloudRecord.read(paths.record)
            if record is None:
                raise LocalCloudError(f"the local cloud ended at once; see {paths.logs / 'supervisor.log'}")
            cloud = cls(paths, record, tools)
            cloud._supervisor, cloud._lifeline = supervisor, lifeline
            try:
                cloud._prepare_clients()
            except BaseException:
                cloud._end()
                raise
            return cloud

    def stop(self) -> None:
        """Stops all parts and waits until they are gone."""
        with locked(self._paths.lock):
            self._end()

    def _end(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        pid = self._record.supervisor_pid
        if self._record.alive():
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while self._record.alive():
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            if self._supervisor is not None:
                self._supervisor.poll()
            time.sleep(0.02)
        if self._supervisor is not None:
            self._supervisor.wait()
        shutil.rmtree(self._record.sockets_dir, ignore_errors=True)
        remove_cgroups(Path(self._record.sockets_dir).name)

    # --- using it

    @property
    def _tools_dir(self) -> Path:
        """The tools, got only when something needs them: stopping and looking need none."""
        if self._given_tools_dir is None:
            self._given_tools_dir = _tools()
        return self._given_tools_dir

    def environment(self, *, private_cache: bool = False) -> dict[str, str]:
        """The complete environment of a ``pulumi`` process or an AWS client that uses this cloud.

        Args:
            private_cache: Also give a private ``XDG_CACHE_HOME`` in the state directory.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        kept.pop(NO_BYTECODE, None)
        path = [str(Path(sys.executable).parent), str(self._tools_dir), kept.get("PATH", os.defpath)]
        environment = {
            **kept,
            "AWS_ACCESS_KEY_ID": "localcloud",
            "AWS_SECRET_ACCESS_KEY": "localcloud",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "BUILDX_BUILDER": self.builder_name,
            "BUILDX_CONFIG": str(self._paths.buildx),
            "DOCKER_CONFIG": str(self._paths.docker),
            "PATH": os.pathsep.join(path),
            "PULUMI_BACKEND_URL": f"file://{self._paths.pulumi_backend}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self._paths.pulumi_home),
            "PULUMI_PYTHON_CMD": str(self._paths.python_command),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        if private_cache:
            environment["XDG_CACHE_HOME"] = str(self._paths.state / "cache")
        return environment

    def stack_config(self) -> dict[str, str]:
        """The Pulumi configuration of a stack on this cloud: key and value, JSON where a value is structured."""
        return {
            "aws:region": self.region,
            "aws:accessKey": "localcloud",
            "aws:secretKey": "localcloud",
            "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, self.aws_endpoint)]),
            "aws:s3UsePathStyle": "true",
            "aws:skipCredentialsValidation": "true",
            "aws:skipMetadataApiCheck": "true",
            "aws:skipRequestingAccountId": "false",
        }

    def kill_buildkit(self) -> None:
        """Ends BuildKit by SIGKILL, as a crash would; the cloud goes on without it."""
        self.control("buildkit/kill")

    def start_buildkit(self) -> None:
        """Starts BuildKit again at the same address."""
        self.control("buildkit/start")

    def expire_tokens(self) -> None:
        """Lets all registry tokens handed out so far expire now."""
        self.control("tokens/expire")

    def serve_base_image(
        self,
        kind: BaseImageKind,
        suite: Suite = "trixie",
        architectures: tuple[Architecture, ...] = ("amd64",),
        *,
        compiled: bool = False,
        names: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """Makes a stand-in base image if need be and serves it; returns its names.

        Args:
            kind: ``builder`` has compilers and is large (some 120 MB): it is served only when asked for here.
            suite: ``trixie`` (Python 3.13) or ``bookworm`` (Python 3.11).
            architectures: Several are served as an image index. There is no emulation: ``RUN`` steps work for the
                host's own architecture only.
            compiled: Whether it holds its modules' bytecode, which official images do not.
            names: Instead of its usual ones.
        """
        names = tuple(names) or NAMES[StandIn(kind, suite)]
        image = StandIn(kind, suite, compiled)
        serve([ensure_base_image(image, one) for one in architectures], self._paths.registry, names)
        return names

    def status(self) -> dict[str, Any]:
        """Return the supervisor's report on its parts."""
        return self.control("status")

    def api_calls(self) -> dict[str, int]:
        """Calls of AWS APIs since the cloud began, by ``service:Operation``; those of builds are left out."""
        return self.control("calls/counts")["calls"]

    def control(self, route: str, body: bytes = b"") -> Any:
        """The answer of a route of this cloud's own, beside those of AWS."""
        request = urllib.request.Request(  # noqa: S310 - a loopback address of ours
            f"{self.aws_endpoint}{CONTROL_PREFIX}{route}",
            data=body,
            headers={"X-Localcloud": self._record.control_token},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise LocalCloudError(str(json.load(error).get("error"))) from None
        except OSError as error:
            raise LocalCloudError(f"the local cloud at {self.aws_endpoint} does not answer: {error}") from error

    def _prepare_clients(self) -> None:
        """Private configuration for docker, buildx and Pulumi: nothing of the user's is read or changed."""
        from localcloud.aws_plugin.install import install_plugin  # noqa: PLC0415
        from localcloud.python_command import write_python_command  # noqa: PLC0415

        plugins = self._paths.docker / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        plugin = plugins / "docker-buildx"
        plugin.unlink(missing_ok=True)
        plugin.symlink_to(self._tools_dir / "buildx")
        shutil.rmtree(self._paths.buildx, ignore_errors=True)
        self._paths.buildx.mkdir(parents=True)
        for folder in (self._paths.pulumi_home, self._paths.pulumi_backend):
            folder.mkdir(parents=True, exist_ok=True)
        install_plugin(self._paths.pulumi_home)
        write_python_command(self._paths.python_command.parent)
        create = [self._tools_dir / "buildx", "create", "--driver", "remote", "--name", self.builder_name]
        result = subprocess.run(
            [*create, "--use", self.buildkit_address],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise LocalCloudError(f"buildx could not make the builder: {result.stderr.strip()}")


def _tools() -> Path:
    from tools.get_tools import ensure_tools  # noqa: PLC0415

    return ensure_tools().bin_dir
