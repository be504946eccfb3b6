"""Two facts about the engine that the dynamic provider's process notices: it is gone, or it was interrupted.

Decides how they are seen. The engine is gone when its address, the process's last argument, refuses connections; the
process then ends (other dynamic resources in it have lost the same engine), since Pulumi's own would stay for good
after a kill of the CLI. The engine tells every provider of an interruption (``ResourceProvider.Cancel``, at the first
Ctrl-C), and no program: a mark in the user's cache folder, named after the engine, carries it to the program
(``Interruption``). Providers are told the same when all is done, so the mark goes with the process. A program without a
mark counts as running. How the SDK's process is made to listen is in ``sdk_patches``.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from pulumi.runtime import settings

from fast_container.core.cache_folder import cache_folder, make_private
from fast_container.errors import BuilderError
from fast_container.state.sdk_patches import end_process, in_provider_process, note_cancels

_INTERVAL_S = 3.0
_REFUSALS = 2


class Interruption:
    """Whether one program's engine has been interrupted.

    Args:
        address: The engine's, ``host:port``, as its providers have it; "" if it is not known.
    """

    def __init__(self, address: str) -> None:
        self._mark = _mark(address) if address else None
        if self._mark:
            # The mark of an earlier engine with the same port.
            with suppress(OSError):
                self._mark.unlink()

    def is_heard(self) -> bool:
        """Whether the engine was interrupted, as far as its providers have noted."""
        return self._mark is not None and self._mark.exists()

    def refuse_to_begin(self) -> None:
        """Refuse to begin a build after an interruption.

        Raises:
            BuilderError: The engine was interrupted: nothing new begins.
        """
        if self.is_heard():
            raise BuilderError(
                "Not begun: the run was interrupted.",
                why="the interrupt came while this build waited for its turn",
                next_step="Run `pulumi up` again; what was built before counts.",
            )


def engine_address() -> str:
    """Return the engine's ``host:port`` as its providers have it; "" under mocks, or if the SDK does not show it."""
    try:
        target = cast(Any, settings.get_engine()).Log._channel.target()
    except AttributeError:
        return ""
    return target.decode().removeprefix("dns:///")


def watch_engine(*, interval_s: float = _INTERVAL_S) -> None:
    """Watch the engine from now on; does nothing outside of a dynamic provider's process.

    Args:
        interval_s: Seconds between two looks at the engine.
    """
    if not in_provider_process():
        return
    host, _, port = sys.orig_argv[-1].rpartition(":")
    if not host or not port.isdigit():
        return
    note_cancels(note_cancel)
    threading.Thread(target=_end_with, args=(host, int(port), interval_s), name="engine watch", daemon=True).start()


def note_cancel() -> None:
    """Leave the mark for the program, until this process ends."""
    mark = _mark(sys.orig_argv[-1])
    with suppress(OSError):
        make_private(mark.parent)
        mark.touch(mode=0o600)
        atexit.register(mark.unlink, missing_ok=True)


def is_cancelled() -> bool:
    """Whether this process's engine was interrupted, as noted by ``note_cancel``."""
    return in_provider_process() and _mark(sys.orig_argv[-1]).exists()


def _mark(address: str) -> Path:
    return cache_folder(os.environ) / "interrupted" / address.replace(":", "-")


def _end_with(host: str, port: int, interval_s: float) -> None:
    refusals = 0
    while refusals < _REFUSALS:
        time.sleep(interval_s)
        refusals = 0 if _is_there(host, port) else refusals + 1
    end_process()


def _is_there(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_INTERVAL_S):
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        # Slow or out of descriptors: that does not mean that the engine is gone.
        return True
