"""Named contexts that are not directories: which of them can change, and what is said about it.

Decides that an OCI layout must be named by digest, since it is a directory of this machine that no key covers, and
that a fetched context that may change deserves a warning. Leaves images of a registry to ``core.images``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from fast_container.core.dockerfile.model import is_commit
from fast_container.errors import ArgsError

_LAYOUT: Final = "oci-layout://"
_IMAGE: Final = "docker-image://"
_DIGEST: Final = re.compile(r".*@sha256:[0-9a-f]{64}", re.DOTALL)


def refuse_moving_layouts(named_contexts: Mapping[str, str]) -> None:
    """Refuse an OCI layout without a digest: its directory could hold another image, and no key would tell.

    Raises:
        ArgsError: With the property path.
    """
    for name, place in named_contexts.items():
        if place.startswith(_LAYOUT) and not _DIGEST.fullmatch(place):
            raise ArgsError(
                f"The OCI layout of the named context {name!r} has no digest.",
                property_path=f'named_contexts["{name}"]',
                why="it is a directory of this machine, and no build key would cover what it holds",
                next_step=f"Name the image in it by digest: {place}@sha256:…; or push it, and name that:"
                " docker-image://…",
            )


def moving_contexts(named_images: Mapping[str, str]) -> Iterator[str]:
    """Warn of each named context that is fetched from a place whose content may change.

    Args:
        named_images: Name → reference of those that are used.
    """
    for name, place in named_images.items():
        if not place.startswith((_IMAGE, _LAYOUT)) and not is_commit(place):
            yield (
                f"the named context {name} counts as written: later changes of its content go unnoticed"
                " (a repository can be named with its commit, …#COMMIT)"
            )
