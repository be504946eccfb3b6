"""Ends the dynamic provider's process when its engine is gone.

Pulumi's own process for dynamic providers does not notice that the CLI was killed, and would stay for good. Decides
how that is seen: the engine's address, which is the process's last argument, refuses connections. Whoever else has
dynamic resources in that process has lost the same engine.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

_INTERVAL_S = 3.0
_REFUSALS = 2


def end_with_engine(arguments: list[str] | None = None) -> None:
    """Watch the engine from a thread; does nothing outside of a dynamic provider's process."""
    arguments = sys.orig_argv if arguments is None else arguments
    if "pulumi.dynamic" not in arguments:
        return
    host, _, port = arguments[-1].rpartition(":")
    if not host or not port.isdigit():
        return
    threading.Thread(target=_watch, args=(host, int(port)), name="engine watch", daemon=True).start()


def _watch(host: str, port: int) -> None:
    refusals = 0
    while refusals < _REFUSALS:
        time.sleep(_INTERVAL_S)
        refusals = 0 if _is_there(host, port) else refusals + 1
    os._exit(1)


def _is_there(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_INTERVAL_S):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        # Slow or out of descriptors: not the sign of an engine that is gone.
        return True
