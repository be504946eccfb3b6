"""V06: bytecode is there and Python will use it.

Decides by the 16 bytes at the start of a ``.pyc`` (PEP 552): the magic number of its Python; flags 1 or 3 for bytecode
that goes by the source's hash, else time and size of the source, which the archive has, too; and ``PYTHONOPTIMIZE``.
What is stale or missing is compiled at each start of a place that keeps nothing, as Lambda and Fargate do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fast_container.checks.image.rule import Found, is_of_base, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.file_kinds import BYTECODE, MODULE
from fast_container.core.layers.listing import Listing
from fast_container.core.layers.merged import Merged, Placed

_MAGIC: Final = {
    tag: number.to_bytes(2, "little") + b"\r\n"
    for tag, number in {
        "38": 3413,
        "39": 3425,
        "310": 3439,
        "311": 3495,
        "312": 3531,
        "313": 3571,
        "314": 3627,
    }.items()
}
_BY_HASH: Final = (b"\1\0\0\0", b"\3\0\0\0")
_HEADER_BYTES: Final = 16
_LEAST_SOURCES: Final = 10
_LARGEST_SHARE: Final = 0.1
_FIX = "Run: python -m compileall -q --invalidation-mode unchecked-hash DIR, after the last step that writes sources."

Place = tuple[int, int]
"""A layer, and the index of an entry in it."""


def check_bytecode(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find sources without bytecode, and bytecode that Python would not use."""
    merged = files.merged
    sources = dict(_shown(merged, MODULE))
    level = _level(image.configuration.env.get("PYTHONOPTIMIZE", ""))
    compiled: set[str] = set()
    unusable: dict[str, Place] = {}
    for path, place in _shown(merged, BYTECODE):
        source, tag, optimised = _of_bytecode(path)
        origin = sources.get(source)
        if origin is None or optimised != level:
            continue
        if _is_valid(merged, place, origin, tag):
            compiled.add(source)
        else:
            unusable[source] = place
    for origin in (False, True):
        # What an image's PYTHONOPTIMIZE asks for, its base may not know.
        base = [not level and is_of_base(files, layer, settings) for layer in range(len(files.layers))]
        ours = {path: place for path, place in sources.items() if base[place[0]] == origin}
        yield from _found(files, ours, compiled, unusable, level, origin)


def _found(
    files: ImageFiles,
    sources: Mapping[str, Place],
    compiled: set[str],
    unusable: Mapping[str, Place],
    level: str,
    origin: bool,
) -> Iterator[Found]:
    """Say what is wrong with the bytecode of the image's own sources, or of its base's."""
    stale = [place for source, place in unusable.items() if source in sources and source not in compiled]
    if stale:
        count = len(stale)
        yield Found(
            place_of(files, _placed(files.merged, stale[0])) + (f" and {count - 1} more" if count > 1 else ""),
            f"{count} file{'' if count == 1 else 's'} of bytecode will not be used.",
            "its magic number, or time and size of its source, differ: Python compiles again at each cold start",
            _FIX,
            is_of_base=origin,
        )
    missing = sources.keys() - compiled
    if len(sources) >= _LEAST_SOURCES and len(missing) - len(stale) > _LARGEST_SHARE * len(sources):
        wanted = f" for PYTHONOPTIMIZE={level}" if level else ""
        yield Found(
            f"/{min(missing)} and {len(missing) - 1} more",
            f"{len(missing)} of {len(sources)} Python modules have no valid bytecode{wanted}.",
            "Python compiles what is imported at each cold start, which takes seconds for large packages",
            _FIX,
            is_of_base=origin,
        )


def _shown(merged: Merged, kind: str) -> Iterator[tuple[str, Place]]:
    top = merged.top
    for layer, listing in enumerate(merged.listings):
        paths = listing.paths
        for at in listing.of_kind(kind):
            path = paths[at]
            if top.get(path) == layer:
                yield path, (layer, at)


def _placed(merged: Merged, place: Place) -> Placed:
    return Placed(place[0], merged.listings[place[0]].entry(place[1]))


def _level(said: str) -> str:
    if not said:
        return ""
    return {"0": "", "1": "1"}.get(said, "2" if said.isdigit() else "1")


def _of_bytecode(path: str) -> tuple[str, str, str]:
    """Source, tag and level of optimisation of ``__pycache__/NAME.cpython-TAG[.opt-LEVEL].pyc``."""
    folder, _, name = path.rpartition("/")
    stem, _, rest = name.rpartition(".cpython-")
    tag, _, level = rest[: -len(".pyc")].partition(".opt-")
    return f"{folder[: -len('__pycache__')]}{stem}.py", tag, level


def _is_valid(merged: Merged, place: Place, origin: Place, tag: str) -> bool:
    head = merged.listings[place[0]].heads.get(place[1], b"")
    if len(head) < _HEADER_BYTES or head[2:4] != b"\r\n" or head[:4] != _MAGIC.get(tag, head[:4]):
        return False
    flags = head[4:8]
    if flags != b"\0\0\0\0":
        return flags in _BY_HASH
    listing: Listing = merged.listings[origin[0]]
    time, size = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:16], "little")
    return time == listing.mtimes[origin[1]] & 0xFFFFFFFF and size == listing.sizes[origin[1]] & 0xFFFFFFFF
