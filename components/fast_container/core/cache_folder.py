"""Where the user's caches of this library lie; losing them costs time, never correctness."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

OVERRIDE = "FAST_CONTAINER_CACHE"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """``FAST_CONTAINER_CACHE``, else ``fast-container`` in ``XDG_CACHE_HOME`` or ``~/.cache``."""
    override = environment.get(OVERRIDE)
    if override:
        return Path(override)
    base = environment.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path("~/.cache").expanduser()) / "fast-container"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "fast-container"
