"""V02, V03, V04, V09: what a build leaves in an image: tools, caches, development packages, GPU parts.

Decides that what a later layer deletes still ships, so lower layers count, too. One finding for each kind of leftover,
with all of its bytes, what the base brings apart. Leaves the paths to ``core.layers.file_kinds``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fast_container.checks.image.rule import Found, by_origin, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.file_kinds import BUILD_TOOLS, CACHES, DEVELOPMENT, GPU
from fast_container.core.layers.merged import Placed

_BUILDER = "Build in a stage of its own, and copy only what runs."


def check_build_tools(_: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """V02: find build tools."""
    yield from _leftovers(files, settings, BUILD_TOOLS, "it costs bytes, and helps who breaks in", _BUILDER)


def check_caches(_: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """V03: find caches."""
    fix = "Use RUN --mount=type=cache, which is not part of the image."
    yield from _leftovers(files, settings, CACHES, "nothing reads it in service", fix)


def check_development(_: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """V04: find development packages."""
    fix = "Install without development extras."
    yield from _leftovers(files, settings, DEVELOPMENT, "nothing needs it in service", fix)


def check_gpu(_: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """V09: find GPU libraries."""
    where = "Lambda has no GPU" if settings.runs_on == "lambda" else "Fargate has no GPU"
    yield from _leftovers(files, settings, GPU, where, "Install the CPU build, for torch from its index for CPUs.")


def _leftovers(
    files: ImageFiles, settings: ImageRequirements, kinds: Iterable[str], why: str, fix: str
) -> Iterator[Found]:
    for kind in kinds:
        for origin, shown in by_origin(files, files.merged.of_kind(kind), settings):
            yield _found(files, shown, f"The image holds {kind}", why, fix, origin)
        for origin, removed in by_origin(files, files.merged.removed_of_kind(kind), settings):
            if _size(removed):
                what = f"A later layer deletes {kind}, which still ships"
                yield _found(files, removed, what, "the layer below keeps it", fix, origin)


def _found(files: ImageFiles, placed: list[Placed], what: str, why: str, fix: str, origin: bool) -> Found:
    largest = max(placed, key=lambda one: one.entry.size)
    more = f" and {len(placed) - 1} more" if len(placed) > 1 else ""
    return Found(f"{place_of(files, largest)}{more}", f"{what}.", why, fix, _size(placed), is_of_base=origin)


def _size(placed: list[Placed]) -> int:
    return sum(one.entry.size for one in placed)
