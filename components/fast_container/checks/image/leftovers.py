"""V02, V03, V04, V09: what a build leaves in an image, by its path: tools, caches, development packages, GPU parts.

Decides the paths. What a later layer deletes still ships, so lower layers count, too. One finding for each kind of
leftover, with all of its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageChecks
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.entry import DIRECTORY
from fast_container.core.layers.merged import Placed

_BIN: Final = r"(?:usr/)?(?:local/)?s?bin/"
_SITE: Final = r"(?:^|.*/)"
_BUILD_TOOLS: Final = {
    "a compiler": rf"{_BIN}(?:[\w.]+-linux-\w+-)?(?:gcc|g\+\+|cc|c\+\+|cpp|clang|clang\+\+|rustc|go)(?:-[\d.]+)?"
    r"|usr/(?:lib|libexec)/gcc/.*|usr/local/go/bin/.*",
    "a linker or assembler": rf"{_BIN}(?:[\w.]+-linux-\w+-)?(?:ld|ld\.bfd|ld\.gold|as)",
    "a build program": rf"{_BIN}(?:make|gmake|cmake|ninja|meson|cargo|dpkg-buildpackage|autoconf|automake)",
    "git": rf"{_BIN}git|usr/lib/git-core/.*",
    "an installer of Python packages": r"(?:.*/)?bin/(?:uv|uvx|poetry|pdm|pipenv)",
}
_CACHES: Final = {
    "apt's lists": r"var/lib/apt/lists/(?!lock$|partial$|auxfiles$).+",
    "a package manager's cache": r"var/cache/(?:apt/(?:archives/.*\.deb|\w+\.bin)|dnf/.+|yum/.+|apk/.+)",
    "pip's or uv's cache": r"(?:root|home/[^/]+)/\.cache/(?:pip|uv|pypoetry)/.+",
    "npm's cache": r"(?:root|home/[^/]+)/(?:\.npm|\.yarn/cache|\.cache/yarn)/.+",
    "temporary files": r"(?:var/)?tmp/.+",
}
_DEVELOPMENT: Final = {
    "a package for development": rf"{_SITE}(?:pytest|_pytest|mypy|mypyc|ruff|black|flake8|pylint|IPython"
    r"|ipykernel|jupyter|coverage|tox|hypothesis|debugpy)/.+(?<!\.dist-info)",
    "tests of packages": rf"{_SITE}(?:site|dist)-packages/.+/tests?/.+",
    "static libraries": r".+\.a",
    "C headers": r"(?:usr/(?:local/)?)include/.+",
}
_GPU: Final = {
    "NVIDIA's libraries": rf"{_SITE}(?:site|dist)-packages/nvidia/.+"
    r"|(?:.*/)?libcu(?:da|dnn|blas|fft|sparse|solver|rand)\w*\.so.*",
    "torch for GPUs": r"(?:.*/)?libtorch_cuda\w*\.so.*",
    "triton": rf"{_SITE}(?:site|dist)-packages/triton/.+",
    "CUDA": r"usr/local/cuda[^/]*/.+",
}

_BUILDER = "Build in a stage of its own, and copy only what runs."


def check_build_tools(_: ImageContents, files: ImageFiles, __: ImageChecks) -> Iterator[Found]:
    """V02: find build tools."""
    yield from _leftovers(files, _BUILD_TOOLS, "it costs bytes, and helps who breaks in", _BUILDER)


def check_caches(_: ImageContents, files: ImageFiles, __: ImageChecks) -> Iterator[Found]:
    """V03: find caches."""
    yield from _leftovers(
        files, _CACHES, "nothing reads it in service", "Use RUN --mount=type=cache, which is not part of the image."
    )


def check_development(_: ImageContents, files: ImageFiles, __: ImageChecks) -> Iterator[Found]:
    """V04: find development packages."""
    yield from _leftovers(files, _DEVELOPMENT, "nothing needs it in service", "Install without development extras.")


def check_gpu(_: ImageContents, files: ImageFiles, settings: ImageChecks) -> Iterator[Found]:
    """V09: find GPU libraries."""
    where = "Lambda has no GPU" if settings.runs_on == "lambda" else "Fargate has no GPU"
    yield from _leftovers(files, _GPU, where, "Install the CPU build, for torch from its index for CPUs.")


def _leftovers(files: ImageFiles, kinds: Mapping[str, str], why: str, fix: str) -> Iterator[Found]:
    patterns = {kind: re.compile(pattern) for kind, pattern in kinds.items()}
    any_of = re.compile("|".join(f"(?:{pattern})" for pattern in kinds.values()))
    shown = [placed for placed in files.merged.files.values() if _is_match(any_of, placed)]
    removed = [one.placed for one in files.merged.hidden if one.is_removed and _is_match(any_of, one.placed)]
    for kind, pattern in patterns.items():
        of_shown = [placed for placed in shown if pattern.fullmatch(placed.entry.path)]
        of_removed = [placed for placed in removed if pattern.fullmatch(placed.entry.path)]
        if of_shown:
            yield _found(files, of_shown, f"The image holds {kind}", why, fix)
        if of_removed and _size(of_removed):
            yield _found(
                files, of_removed, f"A later layer deletes {kind}, which still ships", "the layer below keeps it", fix
            )


def _is_match(pattern: re.Pattern[str], placed: Placed) -> bool:
    return placed.entry.kind != DIRECTORY and pattern.fullmatch(placed.entry.path) is not None


def _found(files: ImageFiles, placed: list[Placed], what: str, why: str, fix: str) -> Found:
    largest = max(placed, key=lambda one: one.entry.size)
    more = f" and {len(placed) - 1} more" if len(placed) > 1 else ""
    return Found(f"{place_of(files, largest)}{more}", f"{what}.", why, fix, _size(placed))


def _size(placed: list[Placed]) -> int:
    return sum(one.entry.size for one in placed)
