"""Bytes and money of what is deleted.

Decides that a layer counts once in a repository, and as saved only if nothing that stays there has it. Leaves prices to
``report.costs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fast_container.core.cleanup.verdicts import Verdict

_GB: Final = 1e9


def saved_bytes(verdicts: Iterable[Verdict]) -> int:
    """Return the bytes that the deletion of images frees."""
    kept: dict[str, set[str]] = {}
    deleted: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        image = verdict.image
        if verdict.is_deleted:
            deleted.setdefault(image.repository, {}).update(image.blobs)
        else:
            kept.setdefault(image.repository, set()).update(image.blobs)
    return sum(
        size
        for repository, blobs in deleted.items()
        for digest, size in blobs.items()
        if digest not in kept.get(repository, set())
    )


def dollars_a_month(size_bytes: float, price: float) -> float:
    """Return what that many bytes cost a month, at a price for a GB."""
    return size_bytes / _GB * price
