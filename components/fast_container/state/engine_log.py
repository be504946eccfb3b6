"""Sends messages to the user from where the SDK's log does not reach: the dynamic provider's process, a program's end.

Decides the way: through the engine's log, at the address that is the process's last argument. With the SDK alone a
provider can only return a result or an error. In other processes a warning goes to standard error (a unit test), a
debug line to the SDK's log (the program).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import grpc
import pulumi
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_TIMEOUT_S = 10.0
_END_TIMEOUT_S = 2.0


def warn_engine(message: str) -> None:
    """Show a warning on the stack's row; on standard error if the engine cannot be reached."""
    if not _tell(engine_pb2.WARNING, message):
        sys.stderr.write(f"warning: {message}\n")


def debug_engine(message: str) -> None:
    """Add a debug line to the engine's log; nowhere if the engine cannot be reached."""
    if "pulumi.dynamic" in sys.orig_argv:
        _tell(engine_pb2.DEBUG, message)
    else:
        pulumi.log.debug(message)


def _tell(severity: Any, message: str) -> bool:
    if "pulumi.dynamic" not in sys.orig_argv:
        return False
    try:
        with grpc.insecure_channel(sys.orig_argv[-1]) as channel:
            request = engine_pb2.LogRequest(severity=severity, message=message)
            stub: Any = engine_pb2_grpc.EngineStub(channel)
            stub.Log(request, timeout=_TIMEOUT_S)
    except grpc.RpcError:
        return False
    return True


def say_to_engine(engine: Any, message: str, *, is_warning: bool = False) -> None:
    """Show a line on the stack's row after the program's end, when the SDK's own log is closed.

    Args:
        engine: The SDK's stub of the engine.
        message: The line.
        is_warning: Whether it asks for attention.
    """
    severity = engine_pb2.WARNING if is_warning else engine_pb2.INFO
    with suppress(grpc.RpcError, ValueError):
        engine.Log(engine_pb2.LogRequest(severity=severity, message=message), timeout=_END_TIMEOUT_S)
