"""The walks of one program.

Decides that digests are remembered in the user's cache folder. Leaves remembering to ``adapters.digests.stat_cache``.
"""

from __future__ import annotations

from pathlib import Path

from fast_container.adapters.digests.stat_cache import StatCache
from fast_container.core.select import SharedWalks


def open_walks(cache: Path | None) -> SharedWalks:
    """Make walks that have seen nothing yet; without a cache folder nothing is remembered."""
    return SharedWalks(StatCache(str(cache / "stat")) if cache is not None else None)
