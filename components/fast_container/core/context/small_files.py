"""SHA-256 of small files, each of which has to be what a look at it said, to the last byte read.

Decides when a digest is given: when the file is opened without following a link and its facts are the same behind the
read as they were before it. Of what is large, gone, unreadable or changed it gives none, and leaves finding out why to
``core.context.read_files``.

Stands by itself: a helper process (``adapters.digests.hash_helpers``) runs this very file and imports nothing else of
the package, so that it is ready in milliseconds.
"""

import hashlib
import os
import struct
import sys
from collections.abc import Sequence

LARGE_BYTES = 1 << 20
"""From here on a file is read in pieces, and by somebody else."""

DIGEST_BYTES = 32
UNREAD = bytes(DIGEST_BYTES)
"""Stands where there is no digest."""

OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)

FACTS_LAYOUT = "<QqqQQI"
"""How ``core.context.stat_facts`` packs size, mtime_ns, ctime_ns, inode, device and mode."""

HELLO = b"fast-container digests 1\n"
"""What a helper says first."""
QUESTION = struct.Struct("<QQQ")
"""Lengths of the root, the paths and the facts, which follow; the answer is the digests."""

_FACTS = struct.Struct(FACTS_LAYOUT)


def digests(root: bytes, paths: Sequence[bytes], facts: bytes) -> list[bytes]:
    """Read files one after the other.

    Args:
        root: What stands before each path.
        paths: The files.
        facts: Theirs, joined.

    Returns:
        The digest of each; ``UNREAD`` where there is none.
    """
    found: list[bytes] = []
    for path, (size, mtime_ns, ctime_ns, inode, _, _) in zip(paths, _FACTS.iter_unpack(facts), strict=True):
        digest = UNREAD
        if size < LARGE_BYTES:
            try:
                file = os.open(root + path, OPEN_FLAGS)
                try:
                    # One byte more than there should be, so that an end is seen without asking again.
                    data = os.read(file, size + 1)
                    now = os.fstat(file)
                finally:
                    os.close(file)
            except OSError:
                pass
            else:
                is_same = now.st_ctime_ns == ctime_ns and now.st_mtime_ns == mtime_ns and now.st_ino == inode
                if is_same and len(data) == size == now.st_size:
                    digest = hashlib.sha256(data).digest()
        found.append(digest)
    return found


def serve() -> None:
    """Answer the questions of standard input until it ends."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(HELLO)
    answers.flush()
    while len(header := questions.read(QUESTION.size)) == QUESTION.size:
        root, paths, facts = (questions.read(length) for length in QUESTION.unpack(header))
        answers.write(b"".join(digests(root, paths.split(b"\0"), facts)))
        answers.flush()


if __name__ == "__main__":
    serve()
