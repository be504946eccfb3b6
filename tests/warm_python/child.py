"""Turns a fork of the server into the interpreter that a starter was asked for.

Decides what a fork takes over (arguments, environment, folder, streams, search path, ``sitecustomize``) and when it
refuses, so that the starter becomes a plain interpreter: for a module that would be found elsewhere, and for settings
that Python reads when it starts.
"""

from __future__ import annotations

import importlib
import io
import marshal
import os
import runpy
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

from tests.warm_python.starter import LENGTH_BYTES, REFUSED, STARTED, message

_ROOT: Final = str(Path(__file__).parents[2])
READ_AT_START: Final = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "TZ")
_TAKEN_OVER: Final = "PYTHONPATH"
_ALWAYS_OWN: Final = ("__main__", "sitecustomize")


def run(connection: socket.socket) -> None:
    """Run what the starter asks for, to its end; or refuse."""
    (command, environment, folder, mask), streams = _request(connection)
    before = dict(os.environ)
    os.environ.clear()
    os.environb.update(environment)
    os.chdir(folder)
    os.umask(mask)
    is_unbuffered = command[1] == "-u"
    words = command[1 + is_unbuffered :]
    base, own = [place for place in sys.path if place not in ("", _ROOT)], _search_path(words[0])
    if _started_otherwise(before, os.environ) or _is_hidden(own):
        connection.sendall(message(REFUSED, 0))
        os._exit(0)
    connection.sendall(message(STARTED, os.getpid()))
    connection.close()
    _forget(own)
    _take_streams(streams, is_unbuffered=is_unbuffered or bool(os.environ.get("PYTHONUNBUFFERED")))
    sys.orig_argv = command
    sys.path[:] = [*own[1:], *base]
    importlib.invalidate_caches()
    _customize()
    sys.path.insert(0, own[0])
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


def _request(connection: socket.socket) -> tuple[tuple[list[str], dict[bytes, bytes], bytes, int], list[int]]:
    header, streams, _, _ = socket.recv_fds(connection, LENGTH_BYTES, 3)
    size, parts = int.from_bytes(header, "big"), b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            os._exit(1)  # The starter was killed.
        parts += part
    return marshal.loads(parts), streams


def _search_path(script: str) -> list[str]:
    """The folder of the script, or this one for a module; then those of PYTHONPATH."""
    first = os.getcwd() if script == "-m" else str(Path(script).resolve().parent)
    return [first, *filter(None, os.environ.get(_TAKEN_OVER, "").split(os.pathsep))]


def _started_otherwise(server: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Whether something differs that an interpreter reads once."""
    names = {name for name in (*server, *asked) if name.startswith(READ_AT_START) and name != _TAKEN_OVER}
    return any(server.get(name) != asked.get(name) for name in names)


def _is_hidden(places: Sequence[str]) -> bool:
    """Whether a folder has another module of a name that is imported already."""
    for place in places:
        for name in _modules(place):
            module = sys.modules.get(name)
            found = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), "")
            if module and name not in _ALWAYS_OWN and not found.startswith(os.path.join(os.path.abspath(place), name)):
                return True
    return False


def _modules(place: str) -> Iterator[str]:
    """Names that a folder may be imported by."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            name, _, kind = entry.name.partition(".")
            if kind.endswith(("py", "so")) or (not kind and entry.is_dir()):
                yield name


def _forget(places: Sequence[str]) -> None:
    """Forget modules of this project's folder that the search path does not have."""
    if _ROOT not in map(os.path.abspath, places):
        for name in [name for name in sys.modules if name.partition(".")[0] in ("localcloud", "tests", "tools")]:
            del sys.modules[name]


def _take_streams(streams: Sequence[int], *, is_unbuffered: bool) -> None:
    """Make the starter's standard streams this process's, buffered as Python does it."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for name, number, mode in (("stdin", 0, "rb"), ("stdout", 1, "wb"), ("stderr", 2, "wb")):
        before: io.TextIOWrapper = getattr(sys, name)
        buffering = 0 if is_unbuffered and number else -1
        stream = io.TextIOWrapper(
            cast(Any, open(number, mode, buffering, closefd=False)),  # noqa: SIM115 - for the process's life
            encoding=before.encoding,
            errors=before.errors,
            line_buffering=number == 2 and not is_unbuffered,
            write_through=buffering == 0,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _customize() -> None:
    """As ``site`` does."""
    sys.modules.pop("sitecustomize", None)
    try:
        importlib.import_module("sitecustomize")
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
