"""V06: bytecode is there and Python will use it.

Decides by the 16 bytes at the start of a ``.pyc`` (PEP 552): the magic number of its Python; flags 1 or 3 for bytecode
that goes by the source's hash, else time and size of the source, which the archive has, too; and ``PYTHONOPTIMIZE``.
What is stale or missing is compiled at each start of a place that keeps nothing, as Lambda and Fargate do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageChecks
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.entry import Entry
from fast_container.core.layers.merged import Placed

_SOURCES: Final = re.compile(r"(?:.*/(?:site|dist)-packages|var/task)/(?!.*/tests?/).+\.py")
_CACHED: Final = re.compile(r"(.*/)?__pycache__/([^/]+)\.cpython-(\d+)(?:\.opt-([12]))?\.pyc")
_MAGIC: Final = {"310": 3439, "311": 3495, "312": 3531, "313": 3571, "314": 3627}
_LEAST_SOURCES: Final = 10
_LARGEST_SHARE: Final = 0.1
_FIX = "Run: python -m compileall -q --invalidation-mode unchecked-hash DIR, after the last step that writes sources."


def check_bytecode(image: ImageContents, files: ImageFiles, _: ImageChecks) -> Iterator[Found]:
    """Find sources without bytecode, and bytecode that Python would not use."""
    shown = files.merged.files
    sources = {path: placed for path, placed in shown.items() if _SOURCES.fullmatch(path)}
    level = _level(image.configuration.env.get("PYTHONOPTIMIZE", ""))
    compiled: set[str] = set()
    stale: list[Placed] = []
    for path, placed in shown.items():
        cached = _CACHED.fullmatch(path)
        source = sources.get(f"{cached[1] or ''}{cached[2]}.py") if cached else None
        if cached is None or source is None or (cached[4] or "") != level:
            continue
        if _is_valid(placed.entry, source.entry, cached[3]):
            compiled.add(source.entry.path)
        else:
            stale.append(placed)
    stale = [placed for placed in stale if _source_of(placed.entry.path) not in compiled]
    if stale:
        count = len(stale)
        yield Found(
            place_of(files, stale[0]) + (f" and {count - 1} more" if count > 1 else ""),
            f"{count} file{'' if count == 1 else 's'} of bytecode will not be used.",
            "its magic number, or time and size of its source, differ: Python compiles again at each cold start",
            _FIX,
        )
    missing = [path for path in sources if path not in compiled]
    if len(sources) >= _LEAST_SOURCES and len(missing) - len(stale) > _LARGEST_SHARE * len(sources):
        wanted = f" for PYTHONOPTIMIZE={level}" if level else ""
        yield Found(
            f"/{min(missing)} and {len(missing) - 1} more",
            f"{len(missing)} of {len(sources)} Python modules have no valid bytecode{wanted}.",
            "Python compiles what is imported at each cold start, which takes seconds for large packages",
            _FIX,
        )


def _level(said: str) -> str:
    if not said:
        return ""
    return {"0": "", "1": "1"}.get(said, "2" if said.isdigit() else "1")


def _source_of(path: str) -> str:
    cached = _CACHED.fullmatch(path)
    return f"{cached[1] or ''}{cached[2]}.py" if cached else path


def _is_valid(cached: Entry, source: Entry, tag: str) -> bool:
    head = cached.head
    if len(head) < 16 or head[2:4] != b"\r\n":
        return False
    if int.from_bytes(head[:2], "little") != _MAGIC.get(tag, int.from_bytes(head[:2], "little")):
        return False
    flags = int.from_bytes(head[4:8], "little")
    if flags:
        return flags in {1, 3}
    time, size = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:16], "little")
    return time == source.mtime & 0xFFFFFFFF and size == source.size & 0xFFFFFFFF
