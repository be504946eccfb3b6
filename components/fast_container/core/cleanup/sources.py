"""The objects that remote builds were sent, in a bucket.

Decides by an object's name whether it is ours (a part, a bundle or a program below the prefix), and by its age whether
it may go: they are named after their content, and a build that misses one gets it again. Every other object of the
bucket is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_OURS: Final = re.compile(r"parts/[0-9a-f]{64}|bundles/[0-9a-f]{64}\.zip|programs/[0-9a-f]{64}\.pyz", re.ASCII)
QUEUE_S: Final = 24 * 3600.0
"""CodeBuild queues a build for at most eight hours, and a build takes at most eight: no younger object is touched."""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object of a bucket; ``modified`` is in seconds since the epoch."""

    bucket: str
    key: str
    size_bytes: int
    modified: float


def old_sources(objects: Iterable[SourceObject], prefix: str, age_s: float, now: float) -> list[SourceObject]:
    """Return those that may be deleted.

    Args:
        objects: Of the bucket.
        prefix: The builder's, without slashes at its ends; "" is the bucket's root.
        age_s: Younger ones stay; at least a day counts.
        now: Seconds since the epoch.
    """
    start = f"{prefix}/" if prefix else ""
    return [
        one
        for one in objects
        if one.key.startswith(start)
        and _OURS.fullmatch(one.key.removeprefix(start))
        and one.modified
        and now - one.modified >= max(age_s, QUEUE_S)
    ]
