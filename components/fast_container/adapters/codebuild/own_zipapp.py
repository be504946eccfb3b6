"""The part of this library that builds, as one file that runs with nothing but boto3 installed.

Decides which modules travel: those that the remote build imports, directly or not, and the guard that it runs as a
program of its own. They are put to S3 once; a build's bundle holds a launcher that fetches them.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

_ROOTS: Final = ("fast_container.remote.main", "fast_container.adapters.process.process_guard")
_LAUNCHER: Final = "fast_container/remote/launcher.py"
_PACKAGE: Final = "fast_container"
# Not with ast.parse: in Python 3.11 it fails when two threads use it at a time.
_IMPORT: Final = re.compile(
    rf"^\s*(?:from\s+({_PACKAGE}[\w.]*)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+({_PACKAGE}[\w.]*))", re.MULTILINE
)
_NAME: Final = re.compile(r"\w+")
_TIME: Final = (1980, 1, 2, 0, 0, 0)
_LEVEL: Final = 9


def launcher_bytes() -> bytes:
    """Make the zipapp of a bundle; it runs with ``python3 fast_container.pyz`` beside a ``plan.json``."""
    return zip_bytes({"__main__.py": _file(_LAUNCHER).read_bytes()})


def program_bytes() -> bytes:
    """Make the zip file of modules that the launcher fetches; compressed as a whole it is a quarter smaller."""
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    waiting: list[str] = list(_ROOTS)
    while waiting:
        module = waiting.pop()
        names = [name for name in (*_packages_of(module), module) if name not in seen]
        seen.update(names)
        for name in names:
            path, content = _read(name)
            if path:
                found[path] = content
                if path != f"{_PACKAGE}/__init__.py":  # It loads the components on use, and nothing here uses them.
                    waiting += _imports(content)
    return zlib.compress(zip_bytes(found, zipfile.ZIP_STORED), _LEVEL)


def zip_bytes(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make a zip file of these members, in the order of their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = compression
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, members[name])
    return out.getvalue()


def _imports(content: bytes) -> Iterator[str]:
    """Names of ours that a module imports: modules, or names in modules."""
    for module, names, plain in _IMPORT.findall(content.decode()):
        yield module or plain
        yield from (f"{module}.{name}" for name in _NAME.findall(names))


def _packages_of(module: str) -> Iterator[str]:
    parts = module.split(".")[:-1]
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _read(module: str) -> tuple[str, bytes]:
    """Return path and content of a module; an empty path for another name."""
    place = module.replace(".", "/")
    for path in (f"{place}.py", f"{place}/__init__.py"):
        file = _file(path)
        if file.is_file():
            return path, file.read_bytes()
    return "", b""


def _file(path: str) -> Traversable:
    return files(_PACKAGE).joinpath(*path.split("/")[1:])
