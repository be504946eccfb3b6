"""Notes every process that a Python process starts and every address that it connects to; collects garbage seldom.

On PYTHONPATH of a stack's CLI, so it is loaded by the program and by the dynamic provider. The engine's own gRPC
connections are made by a C library and do not show: what does is ours. What such a process loads stays until its end,
some seconds later; to look for garbage in it is a tenth of what the engine's tests cost, and again when it ends.
"""

import atexit
import gc
import json
import os
import sys

_EVENTS = {"socket.connect": 1, "subprocess.Popen": 1, "os.posix_spawn": 1, "os.exec": 1, "os.system": 0}
_FILE = os.environ.get("ENGINE_TEST_AUDIT")


def _note(event: str, args: tuple[object, ...]) -> None:
    if event in _EVENTS and "pip" not in sys.orig_argv:
        line = json.dumps({"by": sys.orig_argv, "event": event, "what": args[_EVENTS[event]]}, default=str)
        with open(_FILE, "a") as file:
            file.write(line + "\n")


if _FILE:
    sys.addaudithook(_note)
    gc.set_threshold(100_000, 50, 50)
    atexit.register(gc.freeze)
