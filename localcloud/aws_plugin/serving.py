"""A provider's process: prints its port, answers the engine, ends with it.

Decides threads and the end of the process. The engine waits for the port on standard output and stops the process
when it is done; should the engine vanish, this process ends too.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import grpc

from localcloud.aws_plugin import stubs

_THREADS: Final = 64
_MESSAGE_BYTES: Final = 400 * 1024 * 1024


def serve(servicer: Any, parent: int) -> None:
    """Serve until the engine ends the process.

    Args:
        servicer: Answers the provider protocol.
        parent: The engine's process id.
    """
    # A Ctrl-C in the terminal does not reach this process, which has a group of its own: this is the engine's good-bye.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_THREADS),
        options=[
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
        ],
    )
    stubs.load("provider_pb2_grpc").add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with suppress(ProcessLookupError):
        select.select([os.pidfd_open(parent)], [], [])
