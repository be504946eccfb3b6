"""Tells the user something from the dynamic provider's process.

Decides how: through the engine's log, at the address that the process has as its last argument. The SDK has no way for
a provider to say more than a result or an error. Elsewhere (a unit test), on standard error.
"""

from __future__ import annotations

import sys
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_TIMEOUT_S = 10.0


def warn_engine(message: str) -> None:
    """A warning on the stack's row; where the engine cannot be told, standard error has it."""
    if "pulumi.dynamic" in sys.orig_argv:
        try:
            with grpc.insecure_channel(sys.orig_argv[-1]) as channel:
                request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message)
                stub: Any = engine_pb2_grpc.EngineStub(channel)
                stub.Log(request, timeout=_TIMEOUT_S)
        except grpc.RpcError:
            pass
        else:
            return
    sys.stderr.write(f"warning: {message}\n")
