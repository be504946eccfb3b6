"""V11: paths that must be there and paths that must not.

Decides that ``*`` in a path stands for anything, slashes too; a forbidden path counts as shown by the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from fast_container.checks.image.lookup import resolve
from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageChecks
from fast_container.core.layers.contents import ImageContents, ImageFiles


def check_paths(image: ImageContents, files: ImageFiles, settings: ImageChecks) -> Iterator[Found]:
    """Find what is missing, and what is there although it must not be."""
    shown = files.merged.files
    for path in settings.required:
        pattern = path.strip("/")
        is_there = resolve(files.merged, path) is not None or any(fnmatchcase(one, pattern) for one in shown)
        if not is_there:
            yield Found(image.name, f"{path} is required and is not in the image.", fix="Copy or install it.")
    for path in settings.forbidden:
        found = [placed for one, placed in shown.items() if fnmatchcase(one, path.strip("/"))]
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            size = sum(placed.entry.size for placed in found)
            where = place_of(files, found[0]) + more
            yield Found(where, f"{path} is forbidden and is in the image.", fix="Leave it out.", estimate_bytes=size)
