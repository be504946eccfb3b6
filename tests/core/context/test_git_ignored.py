"""Files that count and that git ignores: which they are, and the line that says so."""

from __future__ import annotations

import time
from dataclasses import dataclass

from fast_container.core.context.git_ignored import IgnoredFiles, ignored_files


@dataclass(frozen=True)
class File:
    path: str
    size: int = 1
    kind: str = "file"


FILES = (File("app.py"), File("data", 0, "dir"), File("data/model.bin", 3_000_000), File("data.txt", 7))


def test_files_and_all_that_is_in_an_ignored_directory_are_found() -> None:
    found = ignored_files({"": [FILES]}, ["data/", "app.py", "other.py"])
    assert found == IgnoredFiles(2, 3_000_001, "data/model.bin", 3_000_000)


def test_a_context_below_the_top_has_its_own_paths_and_the_line_has_the_trees() -> None:
    found = ignored_files({"api": [FILES]}, ["api/data.txt", "data.txt", "web/data/"])
    assert found == IgnoredFiles(1, 7, "api/data.txt", 7)


def test_a_context_within_an_ignored_directory_is_ignored_as_a_whole() -> None:
    found = ignored_files({"build/api": [FILES]}, ["build/"])
    assert found is not None
    assert found.count == 3


def test_a_file_that_several_images_read_counts_once() -> None:
    found = ignored_files({"": [FILES, FILES[:1]], "data": [[File("model.bin", 3_000_000)]]}, ["data/"])
    assert found == IgnoredFiles(1, 3_000_000, "data/model.bin", 3_000_000)


def test_nothing_is_said_where_nothing_that_counts_is_ignored() -> None:
    assert ignored_files({"": [FILES]}, []) is None
    assert ignored_files({"": [FILES], "api": [FILES]}, ["node_modules/", "dat", "api/x"]) is None


def test_the_line_has_the_number_the_size_and_the_largest_in_plain_english() -> None:
    assert IgnoredFiles(12, 3_400_000, "api/model.bin", 3_100_000).line.startswith(
        "12 files that count are git-ignored (3.4 MB; the largest: api/model.bin, 3.1 MB): a checkout without them"
    )
    assert IgnoredFiles(1, 700, "api/x.env", 700).line == (
        "1 file that counts is git-ignored (api/x.env, 700 bytes): a checkout without it, or with another, builds"
        " another image; name it in .dockerignore, or commit it"
    )


def test_twenty_thousand_files_cost_milliseconds() -> None:
    files = [File(f"src/{n // 100}/file-{n}.py") for n in range(20_000)]
    ignored = [*(f"cache-{n}/" for n in range(50)), *(f"src/{n}/file-{n * 100}.py" for n in range(50))]
    times: list[float] = []
    for _ in range(3):
        before = time.process_time()
        found = ignored_files({"": [files]}, ignored)
        times.append(time.process_time() - before)
    assert found is not None
    assert found.count == 50
    # Measured: 6 ms; the bound is for a busy machine.
    assert min(times) < 0.03
