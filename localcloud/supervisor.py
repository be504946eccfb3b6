"""The one process that all parts of a local cloud belong to.

Decides the order of starting and stopping, and that all ends when a part crashes, when it is told to, or when the
process it belongs to is gone. It runs moto, the gateway and the Lambda parts in threads, distribution and BuildKit
as children. Each start is an empty AWS account: registry storage and Pulumi backend begin empty, BuildKit's cache
stays.

Started by :mod:`localcloud.cloud` as ``python -m localcloud.supervisor``.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from localcloud.api_calls import ApiCalls
from localcloud.aws_api import AwsApi, ServiceApi
from localcloud.base_images import ensure_base_image, ensure_frontend_image, serve
from localcloud.base_images.catalogue import FRONTEND_NAMES, NAMES, SERVED_AT_START
from localcloud.buildkit import BuildKit
from localcloud.codebuild.api import CodeBuildApi
from localcloud.ecr_api import EcrApi
from localcloud.ecr_images import ImageStore
from localcloud.ecs_api import EcsApi
from localcloud.ecs_tasks import TaskStarts
from localcloud.gateway import Gateway
from localcloud.iam_api import IamApi
from localcloud.image_layers import ImageLayers
from localcloud.lambda_api import LambdaApi
from localcloud.lambda_images import LambdaImages
from localcloud.lambda_invocation import Sandboxes
from localcloud.logs_api import LogsApi
from localcloud.processes import Spawner, end, last_lines, remove_cgroups, spawn
from localcloud.registry_process import RegistryProcess
from localcloud.s3_api import S3Api
from localcloud.state import ACCOUNT_ID, CloudPaths, CloudRecord, LocalCloudError, process_start
from localcloud.tokens import Tokens


class Supervisor:
    """The parts of one cloud."""

    def __init__(self, paths: CloudPaths, tools: Path) -> None:
        self._paths = paths
        self._tools = tools
        self._spawner = Spawner()
        self._stopping = threading.Event()
        self._undo: list[Callable[[], object]] = []

    def start(self) -> CloudRecord:
        """Starts all parts and waits until they answer."""
        paths = self._paths
        for folder in (paths.registry, paths.pulumi_backend, paths.sandboxes):
            shutil.rmtree(folder, ignore_errors=True)
        paths.make()
        sockets = Path(tempfile.mkdtemp(prefix="localcloud-", dir="/tmp"))
        self._undo.append(lambda: shutil.rmtree(sockets, ignore_errors=True))
        self._undo.append(lambda: remove_cgroups(sockets.name))
        for image in SERVED_AT_START:
            serve([ensure_base_image(image)], paths.registry, NAMES[image])
        frontend = ensure_frontend_image(self._tools / "dockerfile-frontend")
        if frontend:
            serve([frontend], paths.registry, FRONTEND_NAMES)
        self._cgroup = sockets.name
        gateway = Gateway()
        self.registry = RegistryProcess(
            self._tools / "registry", paths.registry, paths.logs / "registry.log", sockets / "registry.json"
        )
        self._undo.append(lambda: end(self.registry.process))
        self.buildkit = BuildKit(
            self._tools,
            paths.buildkit,
            sockets,
            paths.logs / "buildkitd.log",
            plain_http=(gateway.host, self.registry.host),
            mirror=self.registry.host,
            cgroup=sockets.name,
            start=self._start_child,
        )
        self.buildkit.start(wait=False)
        self._undo.append(self.buildkit.stop)
        control_token = secrets.token_urlsafe(24)
        endpoint = self._start_apis(gateway, control_token)
        self.registry.wait()
        self.buildkit.wait()
        return CloudRecord(
            supervisor_pid=os.getpid(),
            started_at=process_start(os.getpid()),
            aws_endpoint=endpoint,
            registry_host=gateway.host,
            mirror_host=self.registry.host,
            buildkit_address=self.buildkit.address,
            sockets_dir=str(sockets),
            control_token=control_token,
        )

    def _start_child(self, *arguments: object, **settings: object) -> object:
        """Forks on the main thread: directly when this is it, else through its queue."""
        start = spawn if threading.current_thread() is threading.main_thread() else self._spawner.start
        return start(*arguments, **settings)

    def _start_apis(self, gateway: Gateway, control_token: str) -> str:
        from localcloud.moto_server import AwsServer, make_moto  # noqa: PLC0415

        store, tokens = ImageStore(self._paths.registry, self.registry.host), Tokens()
        moto = make_moto()
        s3, iam = S3Api(), IamApi()
        services: dict[str, ServiceApi] = {
            "ecr": EcrApi(store, tokens, gateway.host),
            "ecs": EcsApi(TaskStarts(store, gateway.host), gateway.host),
            "s3": s3,
            "iam": iam,
            "logs": LogsApi(),
        }
        calls = ApiCalls(ACCOUNT_ID)
        control = {
            "stop": lambda _body: self.stop(),
            "status": lambda _body: {"buildkit_pid": self.buildkit.pid()},
            "buildkit/kill": lambda _body: self.buildkit.kill(),
            "buildkit/start": lambda _body: self.buildkit.start(),
            "tokens/expire": lambda _body: tokens.expire_all(),
            **calls.control_routes(),
        }
        server = AwsServer(AwsApi(moto, services, control, control_token, calls.refusal))
        codebuild = CodeBuildApi(
            self._paths.state / "codebuild",
            self._tools,
            self.buildkit.address,
            lambda: server.endpoint,
            self._start_child,
        )
        services["codebuild"] = codebuild
        control.update(codebuild.control_routes())
        calls.may = tokens.may = s3.may = codebuild.refusal
        iam.delay_s = lambda: codebuild.faults.limits.iam_delay_s
        codebuild.faults.documents = iam.documents
        calls.is_build, calls.absent = codebuild.is_build, codebuild.absent
        self._undo.append(codebuild.stop)
        sandboxes = Sandboxes(
            self._tools / "runc",
            self._paths.sandboxes,
            ImageLayers(self._paths.sandboxes / "layers", gateway.host, tokens),
            aws_endpoint=server.endpoint,
            cgroup=self._cgroup,
            start=self._start_child,
        )
        services["lambda"] = LambdaApi(LambdaImages(store, gateway.host), sandboxes)
        gateway.start(store, tokens, self.registry.host)
        server.start()
        # The two servers end with the process; waiting for their threads would take half a second each.
        self._undo.append(sandboxes.stop)
        return server.endpoint

    def stop(self) -> None:
        """Asks the main thread to stop everything."""
        self._stopping.set()
        self._spawner.wake()

    def serve(self) -> None:
        """Runs until told to stop.

        Raises:
            LocalCloudError: A part ended by itself.
        """
        while not self._stopping.is_set():
            self._spawner.serve(1.0)
            if self.registry.process.poll() is not None:
                raise LocalCloudError(f"the registry ended\n{last_lines(self._paths.logs / 'registry.log')}")
            buildkit = self.buildkit.process
            if buildkit is not None and buildkit.poll() is not None and self.buildkit.process is buildkit:
                raise LocalCloudError(f"BuildKit ended\n{last_lines(self._paths.logs / 'buildkitd.log')}")

    def end(self) -> None:
        """Ends all parts, last one first."""
        for undo in reversed(self._undo):
            try:
                undo()
            except Exception as error:
                print(f"while stopping: {error!r}", file=sys.stderr)


def _watch_lifeline(descriptor: int, stop: Callable[[], None]) -> None:
    """Stops the cloud when the other end of a pipe is closed: its owner has ended, however it did."""

    def wait() -> None:
        while os.read(descriptor, 1):
            pass
        stop()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def main() -> int:
    """Runs a cloud; writes ``ready`` or an error text to the ready pipe."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.supervisor")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--ready-fd", type=int, required=True)
    parser.add_argument("--lifeline-fd", type=int)
    arguments = parser.parse_args()
    paths = CloudPaths(arguments.state)
    supervisor = Supervisor(paths, arguments.tools)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: supervisor.stop())
    if arguments.lifeline_fd is not None:
        _watch_lifeline(arguments.lifeline_fd, supervisor.stop)
    exit_code = 0
    with os.fdopen(arguments.ready_fd, "w") as ready:
        try:
            supervisor.start().write(paths.record)
            # moto's tables of resources stay; scanning them for garbage again and again is a fifth of a cloud's cost.
            gc.freeze()
            ready.write("ready\n")
        except Exception as error:
            ready.write(f"{error if isinstance(error, LocalCloudError) else repr(error)}\n")
            exit_code = 1
    try:
        if not exit_code:
            supervisor.serve()
    except LocalCloudError as error:
        print(error, file=sys.stderr)
        (paths.state / "crash.txt").write_text(f"{error}\n")
        exit_code = 1
    finally:
        paths.record.unlink(missing_ok=True)
        # A last resort against threads that hang: their stacks go to the log, and the children end with this process.
        faulthandler.dump_traceback_later(12, exit=True)
        supervisor.end()
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
