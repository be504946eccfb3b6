"""A digest is given of what a look saw, to the last byte, and of nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from fast_container.core.context.read_files import read_files
from fast_container.core.context.small_files import LARGE_BYTES, UNREAD, digests
from fast_container.core.context.stat_facts import UNSEEN, pack_facts
from fast_container.errors import ContextChanged

CONTENT = {
    b"plain.py": b"print()",
    b"a b": b"a blank",
    b"line\nbreak": b"two",
    b"not utf-8 \xff": b"bytes",
    b"empty": b"",
    b"gone": b"it was here",
    b"large": b"x" * LARGE_BYTES,
    b"touched": b"the same",
    b"longer": b"1",
}
NOT_READ = (b"gone", b"large", b"touched", b"longer")


def test_what_is_large_gone_or_changed_since_the_look_has_no_digest(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path) + b"/"
    for path, content in CONTENT.items():
        Path(os.fsdecode(root + path)).write_bytes(content)
    facts = b"".join(pack_facts(os.lstat(root + path)) for path in CONTENT)
    os.unlink(root + b"gone")
    os.utime(root + b"touched", (1, 1))
    Path(os.fsdecode(root + b"longer")).write_bytes(b"12")
    expected = {path: hashlib.sha256(content).digest() for path, content in CONTENT.items()}
    found, looks = digests(root, list(CONTENT), facts)
    assert dict(zip(CONTENT, found, strict=True)) == {**expected, **dict.fromkeys(NOT_READ, UNREAD)}
    assert b"".join(looks) == facts
    assert len(UNREAD) == len(expected[b"plain.py"])


def test_a_file_that_was_not_looked_at_is_when_it_is_open(tmp_path: Path) -> None:
    root = os.fsencode(tmp_path) + b"/"
    (tmp_path / "plain").write_bytes(b"print()")
    (tmp_path / "large").write_bytes(bytes(LARGE_BYTES))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("plain")
    paths, large = [b"plain", b"large", b"pipe", b"link", b"gone"], dict[int, bytes]()
    found, looks = digests(root, paths, UNSEEN * 5, on_large=large.__setitem__)
    of_plain, of_large = (pack_facts(os.lstat(root + path)) for path in paths[:2])
    assert found == [hashlib.sha256(b"print()").digest(), UNREAD, UNREAD, UNREAD, UNREAD]
    assert looks == [of_plain, of_large, UNSEEN, UNSEEN, UNSEEN]
    assert large == {1: of_large}


@pytest.mark.parametrize("name", ["pipe", "link", "directory", "gone"])
def test_what_is_not_the_listed_file_any_more_is_refused(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "directory").mkdir()
    with pytest.raises(ContextChanged, match=name):
        read_files(f"{tmp_path}/", [name.encode()], UNSEEN)
