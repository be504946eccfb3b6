"""A tree of files like a repository of many services: generated, the same on every machine.

Decides its shape: services and shared packages of a few hundred files each, some levels deep, most files small
(0.2 to 50 kB, spread evenly over the logarithm), and beside them what an ignore file takes away.
"""

from __future__ import annotations

import math
import os
import random
from pathlib import Path

SERVICES = 100
PACKAGES = 20
_SMALLEST_BYTES = 200
_LARGEST_BYTES = 50_000
_IGNORED_FILES = 2_000
IGNORE_FILE = ".git\n**/node_modules\n**/__pycache__\n*.log\n"
WHOLE = "FROM scratch\nARG NUMBER\nLABEL number=$NUMBER\nCOPY . /app\n"
_NARROW = """\
FROM scratch
ARG NUMBER
LABEL number=$NUMBER
COPY packages/package{one:02} /app/one
COPY packages/package{two:02} /app/two
COPY services/service{service:02} /app/service
"""


def make_tree(root: Path, files: int) -> int:
    """Write the tree; returns the bytes of what counts.

    Args:
        root: Made here.
        files: How many files there are without the ignored ones.
    """
    chance = random.Random(2024)
    data = chance.randbytes(1 << 20)
    total = 0
    for number in range(files):
        folder = root / _folder(chance, number)
        folder.mkdir(parents=True, exist_ok=True)
        size = int(math.exp(chance.uniform(math.log(_SMALLEST_BYTES), math.log(_LARGEST_BYTES))))
        begin = chance.randrange(len(data) - size)
        _write(folder / f"module_{number:05}.py", data[begin : begin + size])
        total += size
    for number in range(_IGNORED_FILES if files >= 10 * _IGNORED_FILES else files // 10):
        folder = root / "services" / f"service{number % SERVICES:02}" / "node_modules" / f"dependency{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"index_{number:05}.js", data[:1000])
    (root / ".dockerignore").write_text(IGNORE_FILE)
    return total


def age(root: Path) -> None:
    """Make all files look an hour old, as after a checkout; what was just written is never remembered."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            facts = os.stat(path)
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns - 3600 * 10**9))
    # An hour after a checkout all of it is on the disk.
    os.sync()


def dockerfile(number: int, *, whole: bool) -> str:
    """The Dockerfile of one image: it copies all, or a service and two packages."""
    if whole:
        return WHOLE
    return _NARROW.format(one=number % PACKAGES, two=(number * 7 + 3) % PACKAGES, service=number % SERVICES)


def _folder(chance: random.Random, number: int) -> str:
    place = number % (SERVICES + PACKAGES)
    top = f"services/service{place:02}" if place < SERVICES else f"packages/package{place - SERVICES:02}"
    parts = [f"part{chance.randrange(4)}" for _ in range(chance.randrange(3))]
    return "/".join([top, "src", *parts])


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
