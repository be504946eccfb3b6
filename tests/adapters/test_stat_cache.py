"""Remembered digests are believed only when the file cannot have changed, and never cost an answer."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from fast_container.adapters.stat_cache import RootStatCache, StatCache, read_records
from fast_container.core.context import SharedWalks, select_image
from tests.trees import declare, write_tree

DIGEST = "sha256:" + "ab" * 32
OLD = 1_600_000_000


def old_tree(root: Path) -> Path:
    """A tree that no clock takes for young; ctime cannot be set, so caches are opened as of later."""
    write_tree(root, {"Dockerfile": "FROM scratch\nCOPY . /\n", "a": "one", "b/c": "two"})
    for path in root.rglob("*"):
        os.utime(path, (OLD, OLD))
    return root


class Later(StatCache):
    """Caches of a run that starts ten seconds from now."""

    def open(self, root: str) -> RootStatCache:
        made = super().open(root)
        made._started_ns = time.time_ns() + 10**10
        return made


def hashed(root: Path, caches: StatCache) -> tuple[str, int]:
    """Build key and number of files that were read for it."""
    walks = SharedWalks(caches)
    selected = select_image(declare(root), walks)
    walks.save()
    (tree,) = walks._trees.values()
    return selected.key.hex, tree.files_hashed


def test_a_second_run_reads_nothing(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), Later(str(tmp_path / "cache"))
    first = hashed(root, caches)
    assert hashed(root, caches) == (first[0], 0)
    assert first[1] == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_text("longer"),
        lambda root: ((root / "a").write_text("two"), os.utime(root / "a", (OLD, OLD))),
        lambda root: ((root / "new").write_text("two"), os.replace(root / "new", root / "a")),
    ],
    ids=["size", "same size and mtime", "another inode"],
)
def test_a_changed_file_is_read_again(tmp_path: Path, change: object) -> None:
    root, caches = old_tree(tmp_path / "tree"), Later(str(tmp_path / "cache"))
    before = hashed(root, caches)
    change(root)  # type: ignore[operator]
    after = hashed(root, caches)
    assert after == (hashed(root, StatCache(str(tmp_path / "none")))[0], 1)
    assert before[0] != after[0]


def test_a_file_that_is_younger_than_its_clocks_tick_is_not_remembered(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), StatCache(str(tmp_path / "cache"))
    first = hashed(root, caches)
    assert hashed(root, caches) == first
    assert not (tmp_path / "cache").exists()


def test_whole_second_times_are_young_for_longer(tmp_path: Path) -> None:
    def remembered(mtime_ns: int, ctime_ns: int) -> bool:
        cache = RootStatCache(str(tmp_path / "c"), started_ns=OLD * 10**9)
        facts = os.stat_result((0,) * 10, {"st_mtime_ns": mtime_ns, "st_ctime_ns": ctime_ns})
        return not cache._is_racy(facts)

    second = 10**9
    now = OLD * second
    assert remembered(now - second // 2 + 1, now - second // 2 + 1)
    assert not remembered(now - second, now - second)
    assert remembered(now - 3 * second, now - 3 * second)
    assert not remembered(now - 3 * second, now + 1)
    assert not remembered(now + second + 1, now - 3 * second)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "garbage", "version"])
def test_a_damaged_cache_is_not_used(tmp_path: Path, damage: str) -> None:
    root, caches = old_tree(tmp_path / "tree"), Later(str(tmp_path / "cache"))
    before = hashed(root, caches)
    (file,) = (tmp_path / "cache").iterdir()
    data = bytearray(file.read_bytes())
    if damage == "cut":
        del data[-7:]
    elif damage == "flip":
        data[-60] ^= 1
    elif damage == "version":
        data[26] ^= 1
    else:
        data = bytearray(b"" if damage == "empty" else b"no cache at all" * 50)
    file.write_bytes(data)
    assert hashed(root, caches) == before
    assert hashed(root, caches) == (before[0], 0)


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    root = old_tree(tmp_path / "tree")
    (tmp_path / "file").write_text("")
    caches = Later(str(tmp_path / "file" / "cache"))
    assert hashed(root, caches) == hashed(root, caches)


def test_runs_side_by_side_keep_what_each_has_read(tmp_path: Path) -> None:
    file = str(tmp_path / "cache" / "root")
    facts = os.stat_result((33188, 7, 8, 1, 0, 0, 3, OLD, OLD, OLD), {"st_mtime_ns": OLD, "st_ctime_ns": OLD})
    runs = [RootStatCache(file) for _ in range(8)]

    def work(number: int) -> None:
        for part in range(5):
            runs[number].put(f"{number}/{part}", facts, DIGEST)
            runs[number].save()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir(tmp_path / "cache")) == 1
    # A writer that was overtaken may lose what the other had; what is there is right.
    assert {record[-32:].hex() for record in read_records(file).values()} == {"ab" * 32}
    runs[0].put("last", facts, DIGEST)
    runs[0].save()
    assert RootStatCache(file).get("last", facts) == DIGEST
    assert RootStatCache(file).get("0/0", facts) == DIGEST


def test_paths_that_are_no_text_are_remembered(tmp_path: Path) -> None:
    file = str(tmp_path / "root")
    facts = os.stat_result((33188, 7, 8, 1, 0, 0, 3, OLD, OLD, OLD), {"st_mtime_ns": -5, "st_ctime_ns": OLD})
    cache = RootStatCache(file)
    for name in ("\udcff", "a\nb", "é"):
        cache.put(name, facts, DIGEST)
    cache.save()
    assert [RootStatCache(file).get(name, facts) for name in ("\udcff", "a\nb", "é", "other")] == [*[DIGEST] * 3, None]
