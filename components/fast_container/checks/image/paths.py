"""V11: paths that must be there and paths that must not, and structure tests.

Decides that ``*`` in a path stands for anything, slashes too; a forbidden path counts as shown by the image. Leaves
what a structure test finds to ``checks.image.structure``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate

from fast_container.checks.image.lookup import stat
from fast_container.checks.image.rule import Found, place_of
from fast_container.checks.image.settings import ImageRequirements
from fast_container.checks.image.structure.verdicts import failures
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.merged import Merged, Placed


def check_paths(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find what is missing, and what is there although it must not be."""
    for path in settings.required:
        if stat(files.merged, path) is None and not _matching(files.merged, path):
            yield Found(image.name, f"{path} is required and is not in the image.", fix="Copy or install it.")
    for path in settings.forbidden:
        found = _matching(files.merged, path)
        if found:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            size = sum(placed.entry.size for placed in found)
            where = place_of(files, found[0]) + more
            yield Found(where, f"{path} is forbidden and is in the image.", fix="Leave it out.", estimate_bytes=size)


def check_structure(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find structure tests that the image does not pass."""
    for tests in settings.structure:
        for failure in failures(tests, image, files):
            what = f"The structure test {failure.test!r} fails."
            yield Found(
                image.name, what, failure.why, "Correct the image, or the test.", file=tests.file, line=failure.line
            )


def _matching(merged: Merged, path: str) -> list[Placed]:
    pattern = path.strip("/")
    if not any(sign in pattern for sign in "*?["):
        found = merged.get(pattern)
        return [found] if found else []
    fits = re.compile(translate(pattern)).match
    return [placed for one in merged.top if fits(one) and (placed := merged.get(one))]
