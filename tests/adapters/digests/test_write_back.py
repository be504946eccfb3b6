"""What is remembered of a file is right also when a program stores to it through a mapping."""

from __future__ import annotations

import mmap
import os
import sys
import time
from pathlib import Path

import pytest

from fast_container.adapters.digests.stat_cache import StatCache
from fast_container.adapters.digests.write_back import surely_written_ns, write_back
from fast_container.core.select import SharedWalks, select_image
from tests.trees import declare


def test_a_store_through_a_mapping_that_was_dirty_when_hashed_is_seen(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY model.bin /m\n")
    model = tmp_path / "model.bin"
    model.write_bytes(b"A" * 4096)

    def key(cache: str) -> str:
        walks = SharedWalks(StatCache(str(tmp_path.parent / cache)))
        selected = select_image(declare(tmp_path), walks)
        walks.save()
        return selected.key.hex

    with model.open("r+b") as file, mmap.mmap(file.fileno(), 4096) as mapping:
        mapping[0:1] = b"B"
        time.sleep(0.15)  # older than a clock's tick
        before = [key("cache"), key("cache")]
        mapping[1:2] = b"C"
        after = key("cache")
        assert (before[0], after) == (before[1], key("none"))
        assert after != before[0]


def test_what_takes_too_long_or_cannot_be_opened_is_not_called_written(tmp_path: Path) -> None:
    paths = [os.fsencode(tmp_path / name) for name in ("a", "b", "gone")]
    for path in paths[:2]:
        Path(os.fsdecode(path)).write_text("x")
    asked: list[int] = []

    def sync(_descriptor: int, flags: int) -> bool:
        asked.append(flags)
        return True

    assert write_back(paths, sync=sync) == [True, True, False]
    assert asked == [7, 7]
    assert write_back(paths, sync=sync, most_s=-1) == [False, False, False]
    assert write_back(paths[:1], sync=lambda *_: False) == [False]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
def test_the_system_writes_back() -> None:
    with open(__file__, "rb"):
        assert write_back([os.fsencode(__file__)]) == [True]
    assert surely_written_ns() >= 120 * 10**9


def test_of_many_dirty_files_all_are_begun_before_one_is_waited_for(tmp_path: Path) -> None:
    paths = [os.fsencode(tmp_path / str(number)) for number in range(70)]
    for path in paths:
        Path(os.fsdecode(path)).write_bytes(b"x")
    asked: list[int] = []

    def slow(_descriptor: int, flags: int) -> bool:
        asked.append(flags)
        time.sleep(0.0001)
        return True

    assert all(write_back(paths, sync=slow))
    assert asked == [7] * 64 + [2] * 6 + [7] * 6
