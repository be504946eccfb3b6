"""The figures of one image or two, for people.

Decides the words: measured in the image on this machine, never a claim about cold starts in Lambda, and what these
figures cannot know. Leaves the figures to ``startup.summary``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fast_container.core.spelling import counted, megabytes
from fast_container.startup.files_read import FilesRead
from fast_container.startup.subject import STARTED
from fast_container.startup.summary import Series, StartSummary, quicker

_PACKAGES: Final = 8
_SOURCES: Final = 3
_WIDTH: Final = 12

UNKNOWN: Final = (
    "Measured in the image, on this machine. What it cannot know: Lambda loads an image's files on demand, in chunks of"
    " 512 KiB, from caches whose state is not known here; the processor's share goes by the memory setting; and a"
    " sandbox has to be made first. For a cold start in Lambda, look at InitDuration in the function's REPORT lines.",
    "Measured in the image, on this machine. What it cannot know: how long the image takes to be pulled and unpacked"
    " where it runs, and what it waits for there (databases, secrets, other services).",
)
"""For Lambda, and for the rest."""


def lines_of(summaries: Sequence[StartSummary]) -> Iterator[str]:
    """Yield the lines for one image, or for two that are compared."""
    for summary in summaries:
        yield from _lines_of_one(summary)
        yield ""
    if len(summaries) == 2:
        yield from _compared(*summaries)
        yield ""
    yield UNKNOWN[0 if summaries[0].kind == "lambda" else 1]


def _lines_of_one(summary: StartSummary) -> Iterator[str]:
    yield summary.image
    runs = counted(len(summary.start_s.values), "run")
    first = f"first of all {milliseconds(summary.first_s)}"
    yield _row("start", f"{_range(summary.start_s, milliseconds)} in {runs}, until {STARTED[summary.kind]}; {first}")
    if summary.import_s is None:
        yield _row("imports", "not measured: no Python was at work")
    else:
        runs = counted(len(summary.import_s.values), "run")
        modules = counted(summary.modules, "module")
        yield _row("imports", f"{_range(summary.import_s, milliseconds)} in {runs}: measured import time of {modules}")
        for name, series in list(summary.packages.items())[:_PACKAGES]:
            yield _row("", f"  {_range(series, milliseconds):<24} {name}")
    yield _row("memory", f"{_range(summary.peak_bytes, _size)} at its peak")
    if summary.files is not None:
        yield _row("bytecode", _bytecode(summary.files))
        yield _row("touched", _touched(summary.files, summary.shipped_bytes))


def _bytecode(files: FilesRead) -> str:
    hits = f"{counted(files.bytecode_hits, 'module')} had some that was used"
    if not files.compiled:
        return f"{hits}; nothing was compiled"
    shown = ", ".join(files.compiled[:_SOURCES]) + (", …" if len(files.compiled) > _SOURCES else "")
    return f"{hits}; {len(files.compiled)} had to be compiled, as at each start: {shown}"


def _touched(files: FilesRead, shipped_bytes: int) -> str:
    part = (
        f" of {megabytes(shipped_bytes)} shipped ({files.touched_bytes / shipped_bytes:.0%})" if shipped_bytes else ""
    )
    whole = f"{megabytes(files.touched_bytes)} in {counted(files.touched_files, 'file')}{part}, counting whole files"
    mapped = f"{megabytes(files.resident_bytes)} of {megabytes(files.mapped_bytes)} of programs and libraries"
    return f"{whole}; {mapped} were in memory"


def _compared(before: StartSummary, after: StartSummary) -> Iterator[str]:
    yield f"from {before.image}"
    yield f"to   {after.image}"
    pairs = len(before.start_s.values)
    won = quicker(before, after)
    yield _row("start", f"{_change(before.start_s, after.start_s, milliseconds)}; quicker in {won} of {pairs} pairs")
    if before.import_s and after.import_s:
        yield _row("imports", _change(before.import_s, after.import_s, milliseconds))
    yield _row("memory", _change(before.peak_bytes, after.peak_bytes, _size))
    if before.shipped_bytes and after.shipped_bytes:
        yield _row("shipped", f"{megabytes(before.shipped_bytes)} → {megabytes(after.shipped_bytes)}")
    if pairs // 4 < won < pairs - pairs // 4:
        yield _row("", "The starts do not differ clearly: neither image won three of four pairs.")


def _change(before: Series, after: Series, shown: Callable[[float], str]) -> str:
    part = f" ({after.median / before.median - 1:+.0%})" if before.median else ""
    return f"{shown(before.median)} → {shown(after.median)}{part}"


def _range(series: Series, shown: Callable[[float], str]) -> str:
    if len(series.values) == 1:
        return shown(series.median)
    least, most = shown(series.least), shown(series.most)
    unit = most.rpartition(" ")[2]
    return f"{shown(series.median)} ({least.removesuffix(f' {unit}')}-{most})"


def milliseconds(seconds: float) -> str:
    """``144 ms``, ``1.44 ms``."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _size(size_bytes: float) -> str:
    return megabytes(round(size_bytes))


def _row(title: str, text: str) -> str:
    return f"  {title:<{_WIDTH}}{text}"
