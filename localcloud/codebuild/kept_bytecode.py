"""Keeps the bytecode of modules by their content; each build's Python loads this when it starts.

A build unpacks its program into a new folder, so Python finds no bytecode there and compiles a hundred modules again:
0.12 s of a processor in each of many builds. What is kept is what the module's own text gives, and tracebacks name the
module's own place. Standard library only.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

_FOLDER = Path(__file__).parent / "kept-bytecode"
_compile: Any = SourceFileLoader.source_to_code


def _source_to_code(self: SourceFileLoader, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:
    if not isinstance(data, bytes) or _optimize != -1:
        return _compile(self, data, path, _optimize=_optimize)
    place = _FOLDER / importlib.util.source_hash(data).hex()
    try:
        code = marshal.loads(place.read_bytes())  # noqa: S302 - what a build has kept here
    except (OSError, EOFError, ValueError, TypeError):
        code = _compile(self, data, path)
        _keep(place, marshal.dumps(code))
        return code
    return _placed(code, str(path))


def _placed(code: CodeType, path: str) -> CodeType:
    """Return the same code, of another file."""
    inner = tuple(_placed(one, path) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.replace(co_filename=path, co_consts=inner)


def _keep(place: Path, content: bytes) -> None:
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        _FOLDER.mkdir(exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(place)
    except OSError:
        return  # it is compiled again


setattr(SourceFileLoader, "source_to_code", _source_to_code)  # noqa: B010 - types refuse the assignment
