"""A digest is given of what a look saw, to the last byte, and of nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from fast_container.core.context.small_files import LARGE_BYTES, UNREAD, digests
from fast_container.core.context.stat_facts import pack_facts

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
    found = dict(zip(CONTENT, digests(root, list(CONTENT), facts), strict=True))
    assert found == {**expected, **dict.fromkeys(NOT_READ, UNREAD)}
    assert len(UNREAD) == len(expected[b"plain.py"])
