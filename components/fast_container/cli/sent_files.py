"""The files that a build sends of its context, by the rules of an ignore file.

Decides as a whole context does: every file that the rules leave, whether an image reads it or not. Leaves what images
read to ``core.select``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from fast_container.core.ignore.rules import IgnoreRules, State
from fast_container.errors import ContextError


def sent_files(root: str, rules: IgnoreRules) -> dict[str, int]:
    """File → bytes; a link counts as none.

    Raises:
        ContextError: A folder cannot be read.
    """
    return dict(_below(root, "", rules, rules.start()))


def _below(root: str, prefix: str, rules: IgnoreRules, state: State) -> Iterator[tuple[str, int]]:
    try:
        with os.scandir(os.path.join(root, prefix)) as listing:  # noqa: PTH118 - a string with surrogate escapes
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise ContextError(
            "A folder of the build context cannot be read.", path=prefix or root, why=error.strerror or str(error)
        ) from None
    for entry in entries:
        path = f"{prefix}{entry.name}"
        ignored, below = rules.step(state, path)
        if entry.is_dir(follow_symlinks=False):
            if not (ignored and rules.may_prune(path)):
                yield from _below(root, f"{path}/", rules, below)
        elif not ignored:
            is_file = entry.is_file(follow_symlinks=False)
            yield path, entry.stat(follow_symlinks=False).st_size if is_file else 0
