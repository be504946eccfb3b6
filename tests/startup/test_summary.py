"""Medians, ranges, the comparison of two images, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fast_container.startup.files_read import FilesRead
from fast_container.startup.import_times import ImportTime
from fast_container.startup.runs import Run
from fast_container.startup.summary import StartSummary, quicker, summarise
from fast_container.startup.table import lines_of

IMPORTS = (ImportTime("a.b", 2000, 2000, 1), ImportTime("a", 1000, 3000, 0), ImportTime("z", 8000, 8000, 0))
FILES = FilesRead(
    40, ("/app/one.py", "/app/two.py", "/app/three.py", "/app/four.py"), 52, 20_000_000, 9_000_000, 4_000_000
)


def image(name: str, *starts: float, kind: str = "lambda", more: Sequence[Run] = ()) -> StartSummary:
    runs = [Run(name, "first", 0.9, 1), *(Run(name, "time", start, 25_000_000) for start in starts), *more]
    return summarise(name, kind, runs, 80_000_000)


def of_python(name: str, *starts: float) -> StartSummary:
    return image(
        name, *starts, more=[Run(name, "files", 2.0, 1, files=FILES), Run(name, "imports", 3.0, 1, imports=IMPORTS)]
    )


def test_figures_are_medians_and_ranges_of_the_timed_runs_alone() -> None:
    found = of_python("x", 0.3, 0.1, 0.2)
    assert (found.first_s, found.start_s.median, found.start_s.least, found.start_s.most) == (0.9, 0.2, 0.1, 0.3)
    assert found.import_s is not None
    assert found.import_s.median == pytest.approx(0.011)
    assert list(found.packages) == ["z", "a"]
    assert found.as_json()["import_s_by_package"]["a"]["median"] == pytest.approx(0.003)


def test_an_image_that_was_never_timed_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a single timed run"):
        image("x")


def test_two_images_are_compared_by_the_runs_beside_each_other() -> None:
    assert quicker(image("x", 0.2, 0.9, 0.2), image("y", 0.1, 0.8, 0.3)) == 2


def test_the_table_of_one_image() -> None:
    said = "\n".join(lines_of([of_python("host/x@sha256:1", 0.3, 0.1, 0.2)]))
    assert "start       200 ms (100-300 ms) in 3 runs, until the function asks for its first event" in said
    assert "11 ms in 1 run: measured import time of 3 modules" in said
    assert "40 modules had some that was used; 4 had to be compiled, as at each start: /app/one.py" in said
    assert "20 MB in 52 files of 80 MB shipped (25%), counting whole files; 4.0 MB of 9.0 MB" in said
    assert "loads an image's files on demand" in said


def test_an_image_without_python_has_a_start_and_says_so() -> None:
    said = "\n".join(lines_of([image("x", 0.012, kind="service")]))
    assert "not measured: no Python was at work" in said
    assert "until it listens on a port" in said
    assert "how long the image takes to be pulled" in said
    assert "bytecode" not in said


def test_the_table_of_two_images_says_what_changed_and_never_speaks_of_a_quicker_cold_start() -> None:
    said = "\n".join(lines_of([of_python("x", 0.4, 0.4, 0.4, 0.4), of_python("y", 0.3, 0.3, 0.3, 0.3)]))
    assert "400 ms → 300 ms (-25%); quicker in 4 of 4 pairs" in said
    assert "do not differ clearly" not in said
    assert said.count("cold start") == 1
    assert "For a cold start in Lambda, look at InitDuration" in said


def test_images_that_win_about_as_often_do_not_differ() -> None:
    said = "\n".join(lines_of([image("x", 0.4, 0.4, 0.4, 0.4), image("y", 0.3, 0.5, 0.3, 0.5)]))
    assert "The starts do not differ clearly" in said
