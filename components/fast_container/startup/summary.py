"""Medians and ranges of the runs of an image, and what two images differ in.

Decides that figures are told by their median, smallest and largest value, and that two images are compared by the runs
that stood beside each other. Leaves printing to ``startup.table``.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fast_container.startup.files_read import FilesRead
from fast_container.startup.import_times import by_package, total_s
from fast_container.startup.runs import Run


@dataclass(frozen=True, slots=True)
class Series:
    """Values of several runs, in their order; at least one."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        """The smallest."""
        return min(self.values)

    @property
    def most(self) -> float:
        """The largest."""
        return max(self.values)

    def as_json(self) -> dict[str, Any]:
        """Median, range and all values."""
        return {"median": self.median, "min": self.least, "max": self.most, "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class StartSummary:
    """One image.

    Attributes:
        image: Its name.
        kind: When it counts as started.
        first_s: The first start, when files may still have come from the disk.
        start_s: The other ones.
        peak_bytes: Memory.
        shipped_bytes: All files of the image; 0 if not known.
        import_s: Of all modules; None without Python.
        modules: How many were imported.
        packages: Seconds by package, the slowest first.
        files: What was read; None without Python.
    """

    image: str
    kind: str
    first_s: float
    start_s: Series
    peak_bytes: Series
    shipped_bytes: int
    import_s: Series | None
    modules: int
    packages: Mapping[str, Series]
    files: FilesRead | None

    def as_json(self) -> dict[str, Any]:
        """All figures, seconds and bytes."""
        files = self.files
        return {
            "image": self.image,
            "kind": self.kind,
            "first_s": self.first_s,
            "start_s": self.start_s.as_json(),
            "peak_bytes": self.peak_bytes.as_json(),
            "shipped_bytes": self.shipped_bytes,
            "import_s": self.import_s.as_json() if self.import_s else None,
            "modules": self.modules,
            "import_s_by_package": {name: series.as_json() for name, series in self.packages.items()},
            "bytecode_hits": files.bytecode_hits if files else None,
            "compiled": list(files.compiled) if files else None,
            "touched_files": files.touched_files if files else None,
            "touched_bytes": files.touched_bytes if files else None,
            "mapped_bytes": files.mapped_bytes if files else None,
            "mapped_resident_bytes": files.resident_bytes if files else None,
        }


def summarise(image: str, kind: str, runs: Iterable[Run], shipped_bytes: int) -> StartSummary:
    """Summarise the runs of one image.

    Raises:
        ValueError: Not one of them was timed.
    """
    known = list(runs)
    timed = [run for run in known if run.what == "time"]
    if not timed:
        raise ValueError(f"there is not a single timed run of {image}")
    # A start that was ended before Python wrote anything says nothing of imports.
    imported = [run for run in known if run.what == "imports" and run.imports]
    return StartSummary(
        image,
        kind,
        next((run.start_s for run in known if run.what == "first"), timed[0].start_s),
        Series(tuple(run.start_s for run in timed)),
        Series(tuple(float(run.peak_bytes) for run in timed)),
        shipped_bytes,
        Series(tuple(total_s(run.imports) for run in imported)) if imported else None,
        len(imported[0].imports) if imported else 0,
        _packages(imported),
        next((run.files for run in known if run.files is not None and (imported or run.files.compiled)), None),
    )


def quicker(before: StartSummary, after: StartSummary) -> int:
    """How many of the pairs of runs beside each other the second image won."""
    pairs = zip(before.start_s.values, after.start_s.values, strict=False)
    return sum(second < first for first, second in pairs)


def _packages(runs: Sequence[Run]) -> dict[str, Series]:
    each = [by_package(run.imports) for run in runs]
    names = {name for one in each for name in one}
    series = {name: Series(tuple(one.get(name, 0.0) for one in each)) for name in names}
    return dict(sorted(series.items(), key=lambda item: (-item[1].median, item[0])))
