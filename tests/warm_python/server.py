"""Imports the SDKs once, and forks for each starter that connects.

Usage: ``python -m tests.warm_python.server LISTENER``, the descriptor of a socket that listens. Decides when a fork
ends: with its starter, and with this process, even by SIGKILL. Has one thread and no gRPC channel, since neither
survives a fork. Ends when its standard input does. Leaves reading the request to the fork (``child``), so that no
starter waits for another.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Final

from tests.warm_python import child
from tests.warm_python.starter import ENDED, message

_MODULES: Final = (
    *("pulumi", "pulumi.dynamic", "pulumi.runtime.proto.provider_pb2_grpc", "dill", "pulumi_aws"),
    *("pulumi_aws.cloudwatch", "pulumi_aws.codebuild", "pulumi_aws.ecr", "pulumi_aws.ecs", "pulumi_aws.iam"),
    *("pulumi_aws.lambda_", "pulumi_aws.s3"),
    *("boto3", "botocore.session", "botocore.client", "urllib3"),
    *("fast_container.fleet", "fast_container.base_image", "fast_container.codebuild", "fast_container.state.program"),
    "localcloud.aws_plugin.servicer",
)
_PR_SET_PDEATHSIG: Final = 1


class Server:
    """Forks on request, and tells starters how their forks ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._events = select.epoll()
        self._starters: dict[int, socket.socket] = {}  # by the fork's process id
        self._libc = ctypes.CDLL(None)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())

    def serve(self) -> socket.socket | None:
        """Serve until standard input ends; in a fork, return the connection of its starter."""
        for readable in (0, self._listener.fileno(), self._woken.fileno()):
            self._events.register(readable, select.EPOLLIN)
        while True:
            for ready, _ in self._events.poll():
                if ready == 0:
                    return None
                if ready == self._listener.fileno():
                    connection, _ = self._listener.accept()
                    if self._is_fork(connection):
                        return connection
                elif ready == self._woken.fileno():
                    self._woken.recv(4096)
                    self._report_ends()
                else:
                    self._kill(ready)

    def _is_fork(self, connection: socket.socket) -> bool:
        server = os.getpid()
        process = os.fork()
        if process:
            self._starters[process] = connection
            # Not for reading: the request is the fork's to read.
            self._events.register(connection.fileno(), select.EPOLLRDHUP)
            return False
        self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setpgid(0, 0)
        for opened in (self._events, self._listener, self._woken, self._wake, *self._starters.values()):
            opened.close()
        return True

    def _report_ends(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                process, status = ended
                connection = self._starters.pop(process)
                with suppress(OSError):
                    connection.sendall(message(ENDED, os.waitstatus_to_exitcode(status)))
                connection.close()

    def _kill(self, descriptor: int) -> None:
        """End the fork whose starter has ended; its end is reported as any other."""
        for process, connection in self._starters.items():
            if connection.fileno() == descriptor:
                self._events.unregister(descriptor)
                os.kill(process, signal.SIGKILL)


def main() -> None:
    """Serve; in a fork, be the interpreter that was asked for."""
    for module in _MODULES:
        importlib.import_module(module)
    assert threading.active_count() == 1, threading.enumerate()
    # No fork has to look for garbage among the modules, nor to copy the pages that a look would write to.
    gc.freeze()
    connection = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if connection is not None:
        child.run(connection)


if __name__ == "__main__":
    main()
