"""Reports once a preview how many of the files that count are git-ignored.

Decides when: in a preview that changes something (two checkouts that differ in such files flip an image at each ``up``;
without a change git is not started), once all images are known, on the stack's row. Leaves finding these files to
``adapters.git``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress

import pulumi
from pulumi.runtime import settings

from fast_container.adapters.git import git_ignored
from fast_container.adapters.threads import in_thread
from fast_container.core.select import SelectedImage
from fast_container.printable import printable


class GitIgnoredLine:
    """The line of one program.

    Args:
        images: Returns the known images.
    """

    def __init__(self, images: Callable[[], Iterable[SelectedImage]]) -> None:
        self._images = images
        self._changes = False
        self._is_complete = False
        self._said = False

    async def note_change(self) -> None:
        """Note that an image is to be built, copied or reused."""
        self._changes = True
        await self._say()

    async def note_complete(self) -> None:
        """Note that all images of the program are known."""
        self._is_complete = True
        await self._say()

    async def _say(self) -> None:
        if self._said or not self._changes or not self._is_complete or not settings.is_dry_run():
            return
        self._said = True
        # It is a hint: its failure never stops a preview.
        with suppress(Exception):
            found = await in_thread(git_ignored, list(self._images()), os.environ)
            if found is not None:
                pulumi.log.info(printable(found.line))
