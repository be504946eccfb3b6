"""What is remembered of a file is right also when a program stores to it through a mapping."""

from __future__ import annotations

import mmap
import os
import sys
import time
from pathlib import Path

import pytest

from fast_container.adapters.digests.stat_cache import StatCache
from fast_container.adapters.digests.write_back import WriteBack, surely_written_ns
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


def test_what_takes_too_long_or_fails_is_not_called_written(tmp_path: Path) -> None:
    asked: list[int] = []

    def sync(_descriptor: int, flags: int) -> bool:
        asked.append(flags)
        return True

    with (tmp_path / "a").open("w+b") as file:
        assert WriteBack(sync=sync).finish(file.fileno())
        assert asked == [7]
        assert not WriteBack(sync=sync, most_s=-1).finish(file.fileno())
        assert not WriteBack(sync=lambda *_: False).finish(file.fileno())
        slow = WriteBack(sync=lambda *_: time.sleep(0.02) is None, most_s=0.01)
        assert [slow.finish(file.fileno()), slow.finish(file.fileno())] == [True, False]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
def test_the_system_writes_back() -> None:
    with open(__file__, "rb") as file:
        assert WriteBack().finish(file.fileno())
    assert surely_written_ns() >= 120 * 10**9


def test_of_many_files_the_rest_is_begun_where_the_first_are_dirty(tmp_path: Path) -> None:
    paths = [os.fsencode(tmp_path / str(number)) for number in range(70)]
    for path in paths[1:]:
        Path(os.fsdecode(path)).write_bytes(b"x")

    def begun(pause_s: float, count: int, most_s: float = 10) -> list[int]:
        asked: list[int] = []

        def sync(_descriptor: int, flags: int) -> bool:
            asked.append(flags)
            time.sleep(pause_s)
            return True

        WriteBack(sync=sync, most_s=most_s).begin(paths[:count])
        return asked

    assert begun(0.0001, 70) == [7] * 63 + [2] * 6
    assert begun(0.0001, 63) == []
    assert 0 < len(begun(0.01, 70, most_s=0.05)) < 10
