"""Where the user's caches of this library are; losing them costs time, never correctness.

Decides who may own a cache: only the user that runs. Its content says which digest a file has, so write access to it is
power over what counts as built. A folder of another user is skipped, and so is a place below another user's folder
(``sudo`` with the caller's ``HOME`` would leave a folder there that the caller cannot use).
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

OVERRIDE = "FAST_CONTAINER_CACHE"
_NAME = "fast-container"
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the first of these that can be the user's own; it need not exist yet.

    ``FAST_CONTAINER_CACHE``, else ``fast-container`` in ``XDG_CACHE_HOME`` or ``~/.cache``; if that is another user's
    or
    cannot be made, ``fast-container-<uid>`` in the temporary folder; else a place that cannot be written to.
    """
    override, home = environment.get(OVERRIDE), _home(environment)
    if override and _can_be_ours(Path(override), above=False):
        return Path(override)
    if not override and home is not None and _can_be_ours(home / _NAME, above=True):
        return home / _NAME
    temporary = Path(tempfile.gettempdir()) / f"{_NAME}-{os.geteuid()}"
    return temporary if _can_be_ours(temporary, above=False) else Path(os.devnull) / _NAME


def make_private(folder: str | Path) -> None:
    """Make a folder and its parent, readable by their owner only.

    Raises:
        OSError: It cannot be made.
    """
    for place in (os.path.dirname(folder), folder):  # noqa: PTH120 - a string with surrogate escapes
        os.makedirs(place, mode=0o700, exist_ok=True)  # noqa: PTH103


def is_ours(found: os.stat_result) -> bool:
    """Whether a file belongs to the user that runs, and no other user may write to it."""
    return found.st_uid == os.geteuid() and not found.st_mode & _WRITABLE_BY_OTHERS


def _home(environment: Mapping[str, str]) -> Path | None:
    base = environment.get("XDG_CACHE_HOME")
    try:
        return Path(base) if base else Path("~/.cache").expanduser()
    except RuntimeError:
        return None


def _can_be_ours(folder: Path, *, above: bool) -> bool:
    """Whether a folder is the user's own and can be written to, or can be made.

    Args:
        folder: The folder.
        above: Whether the folder that it would be made in must be the user's or the system's, too.
    """
    place, found = folder, _look(folder)
    while found is None and place != place.parent:
        place = place.parent
        found = _look(place)
    if found is None or not stat.S_ISDIR(found.st_mode) or not os.access(place, os.W_OK | os.X_OK):
        return False
    if place == folder:
        return found.st_uid == os.geteuid()
    return not above or found.st_uid in (0, os.geteuid())


def _look(place: Path) -> os.stat_result | None:
    try:
        return place.stat()
    except OSError:
        return None
