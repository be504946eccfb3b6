"""Remembered digests are believed only when the file cannot have changed, and never cost an answer."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from fast_container.adapters.digests.stat_cache import RootStatCache, StatCache, read_records
from fast_container.adapters.digests.write_back import WriteBack
from fast_container.core.context.directory_files import Files
from fast_container.core.context.small_files import LARGE_BYTES
from fast_container.core.context.stat_facts import FACTS_BYTES, pack_facts, same_file, size_of, unpack_each
from fast_container.core.select import SharedWalks, select_image
from fast_container.core.staging.stage import stage
from fast_container.errors import ContextChanged
from tests.trees import LaterCaches, declare, write_tree

OLD = 1_600_000_000


def facts_at(mtime_ns: int, ctime_ns: int, size: int = 3) -> bytes:
    """Facts of a file."""
    return pack_facts(
        os.stat_result((33188, 7, 8, 1, 0, 0, size, 0, 0, 0), {"st_mtime_ns": mtime_ns, "st_ctime_ns": ctime_ns})
    )


def files_of(*names: str) -> Files:
    """Old files of one directory."""
    return Files.of({os.fsencode(name): (facts_at(-5, OLD), os.fsencode(f"frame {name}")) for name in names})


def old_tree(root: Path) -> Path:
    """A tree that no clock takes for young; ctime cannot be set, so caches are opened as of later."""
    write_tree(root, {"Dockerfile": "FROM scratch\nCOPY . /\n", "a": "one", "b/c": "two"})
    for path in root.rglob("*"):
        os.utime(path, (OLD, OLD))
    return root


def settle(cache: RootStatCache, paths: list[bytes], facts: bytes) -> None:
    """Do what reading the files does to them before their first byte is read."""
    before_read = cache.settle(paths, facts)
    for path, (_, _, ctime_ns, inode, device, _) in zip(paths, unpack_each(facts), strict=True):
        descriptor = os.open(os.path.join(os.fsencode(cache.root), path), os.O_RDONLY)
        try:
            if before_read is not None:
                before_read(descriptor, device, inode, ctime_ns)
        finally:
            os.close(descriptor)


def hashed(root: Path, caches: StatCache) -> tuple[str, int]:
    """Build key and number of files that were read for it."""
    walks = SharedWalks(caches)
    selected = select_image(declare(root), walks)
    walks.save()
    return selected.key.hex, walks.files_hashed


def test_a_second_run_reads_nothing(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))
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
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))
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


def test_only_ctime_tells_how_old_a_change_is_and_whole_seconds_are_nobodys_clock(tmp_path: Path) -> None:
    def remembered(mtime_ns: int, ctime_ns: int) -> bool:
        facts = facts_at(mtime_ns, ctime_ns)
        cache = RootStatCache(str(tmp_path / "cache" / f"{mtime_ns} {ctime_ns}"), started_ns=now, root=str(tmp_path))
        settle(cache, [b"a"], facts)
        cache.put("", Files.of({b"a": (facts, b"frame a")}))
        cache.save()
        return RootStatCache(cache.file).get("") is not None

    (tmp_path / "a").write_text("one")
    second = 10**9
    now = OLD * second
    assert remembered(now - 3 * second, now - second // 2 + 1)
    assert remembered(now + second, now - second // 2 + 1)  # mtime is whatever a program says
    assert not remembered(now - 3 * second, now - second // 20)
    assert not remembered(now - 3 * second, now + 1)
    assert not remembered(now - 3 * second, now - 3 * second)
    assert not remembered(now - 3 * second + 5, now - 400 * second)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "garbage", "version"])
def test_what_is_damaged_of_a_cache_is_not_used(tmp_path: Path, damage: str) -> None:
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))
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
    again = hashed(root, caches)
    # A directory has a check of its own: the others are still known.
    assert again == (before if damage not in ("cut", "flip") else (before[0], 1))
    assert hashed(root, caches) == (before[0], 0)


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    root = old_tree(tmp_path / "tree")
    (tmp_path / "file").write_text("")
    caches = LaterCaches(str(tmp_path / "file" / "cache"))
    assert hashed(root, caches) == hashed(root, caches)


def test_runs_side_by_side_keep_what_each_has_read(tmp_path: Path) -> None:
    file = str(tmp_path / "cache" / "root")
    runs = [RootStatCache(file) for _ in range(8)]

    def work(number: int) -> None:
        for part in range(5):
            runs[number].put(f"{number}/{part}", files_of("a"))
            runs[number].save()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(os.listdir(tmp_path / "cache")) == 1
    # A writer that was overtaken may lose what the other had; what is there is right.
    assert {record.data for record in read_records(file).values()} == {files_of("a").encode()}
    runs[0].put("last", files_of("b"))
    runs[0].save()
    for directory, name in (("last", "b"), ("0/0", "a")):
        found = RootStatCache(file).get(directory)
        assert found is not None
        assert found.encode() == files_of(name).encode()


def test_paths_that_are_no_text_are_remembered(tmp_path: Path) -> None:
    file = str(tmp_path / "root")
    cache = RootStatCache(file)
    for path in ("\udcff", "a\nb", "é", ""):
        cache.put(path, files_of(f"{path}x", "y", "\ue000"))
    cache.save()
    for path in ("\udcff", "a\nb", "é", ""):
        found = RootStatCache(file).get(path)
        assert found is not None
        assert found.by_name == files_of(f"{path}x", "y", "\ue000").by_name
    assert RootStatCache(file).get("other") is None


def test_only_the_young_files_of_a_directory_are_forgotten(tmp_path: Path) -> None:
    cache = RootStatCache(str(tmp_path / "root"), started_ns=OLD * 10**9)
    young = facts_at(OLD * 10**9, OLD * 10**9)
    cache.put("src", Files.of({**files_of("a", "c").by_name, b"b": (young, b"frame b")}))
    cache.save()
    found = RootStatCache(str(tmp_path / "root")).get("src")
    assert found is not None
    assert found.by_name == files_of("a", "c").by_name


def test_a_directory_whose_file_is_gone_is_known_as_it_is_now(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))
    hashed(root, caches)
    (root / "a").unlink()
    after = hashed(root, caches)
    (file,) = (tmp_path / "cache").iterdir()
    known = read_records(str(file))[b""].files()
    assert known is not None
    assert known.each_name() == [b"Dockerfile"]
    assert after == (hashed(root, StatCache(str(tmp_path / "none")))[0], 0)


def test_views_that_read_different_files_of_a_directory_do_not_forget_each_others(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))

    def read(*ignore: str) -> int:
        walks = SharedWalks(caches)
        select_image(declare(root, ignore=ignore), walks)
        walks.save()
        return walks.files_hashed

    assert [read(), read("a"), read("Dockerfile"), read()] == [3, 0, 0, 0]


@pytest.mark.parametrize("what", ["mtime", "ctime", "inode"])
def test_facts_beyond_64_bits_still_tell_files_apart(what: str) -> None:
    def facts(value: int) -> bytes:
        times = {"st_mtime_ns": 5, "st_ctime_ns": 6}
        inode = value if what == "inode" else 7
        if what != "inode":
            times[f"st_{what}_ns"] = value
        return pack_facts(os.stat_result((33188, inode, 8, 1, 0, 0, 3, 0, 0, 0), times))

    huge = 1 << 70
    assert len(facts(huge)) == FACTS_BYTES
    assert facts(huge + 1) != facts(huge)
    assert not same_file(facts(huge + 1), facts(huge))
    assert size_of(facts(huge)) == 3
    assert next(iter(unpack_each(facts_at(-1, 2))))[1:3] == (-1, 2)


def test_a_file_system_that_is_not_believed_has_no_cache(tmp_path: Path) -> None:
    root = old_tree(tmp_path / "tree")
    caches = StatCache(str(tmp_path / "cache"), believes=lambda device: False)
    assert hashed(root, caches) == hashed(root, caches)
    assert hashed(root, caches)[1] == 3
    assert not (tmp_path / "cache").exists()


def test_files_of_another_file_system_below_the_root_are_not_remembered(tmp_path: Path) -> None:
    cache = RootStatCache(str(tmp_path / "root"), device=8)
    elsewhere = pack_facts(os.stat_result((33188, 7, 9, 1, 0, 0, 3, 0, 0, 0), {"st_mtime_ns": 5, "st_ctime_ns": OLD}))
    cache.put("src", Files.of({**files_of("a").by_name, b"b": (elsewhere, b"frame b")}))
    cache.save()
    found = RootStatCache(str(tmp_path / "root")).get("src")
    assert found is not None
    assert found.each_name() == [b"a"]


def test_a_file_that_may_be_dirty_is_remembered_only_once_it_was_written_back(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))
    slow_disk = LaterCaches(str(tmp_path / "cache"), write_back=lambda: WriteBack(sync=lambda *_: False))
    first = hashed(root, slow_disk)
    assert hashed(root, slow_disk) == first
    assert [hashed(root, caches)[1], hashed(root, caches)[1]] == [3, 0]


def test_every_file_is_written_back_before_its_first_byte_is_read(tmp_path: Path) -> None:
    root = old_tree(tmp_path / "tree")
    (root / "large").write_bytes(bytes(LARGE_BYTES))
    read_before: list[int] = []

    def sync(descriptor: int, _flags: int) -> bool:
        read_before.append(os.lseek(descriptor, 0, os.SEEK_CUR))
        return True

    caches = LaterCaches(str(tmp_path / "cache"), write_back=lambda: WriteBack(sync=sync))
    first = hashed(root, caches)
    assert (first[1], read_before) == (4, [0, 0, 0, 0])
    assert hashed(root, caches) == (first[0], 0)
    assert len(read_before) == 4


def test_only_the_user_s_own_cache_files_are_read_and_others_cannot_read_them(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "root"
    cache = RootStatCache(str(file))
    cache.put("src", files_of("a"))
    cache.save()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert read_records(str(file))
    file.chmod(0o622)
    assert not read_records(str(file))
    file.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
        assert not read_records(str(file))


def test_a_refusal_makes_the_next_run_right(tmp_path: Path) -> None:
    root, caches = old_tree(tmp_path / "tree"), LaterCaches(str(tmp_path / "cache"))
    right = hashed(root, caches)[0]
    known = caches.open(str(root))
    assert known is not None
    files = known.get("")
    assert files is not None
    wrong = {name: (facts, frame.replace(b"sha256:", b"sha256:0000")) for name, (facts, frame) in files.by_name.items()}
    settle(known, list(wrong), b"".join(facts for facts, _ in wrong.values()))
    known.put("", Files.of(wrong))
    known.save()
    walks = SharedWalks(caches)
    selected = select_image(declare(root), walks)
    assert selected.key.hex != right
    with pytest.raises(ContextChanged) as refusal:
        stage(selected.contexts["context"], str(tmp_path / "staged"))
    walks.forget(refusal.value.root)
    walks.save()
    assert hashed(root, caches) == (right, 3)
