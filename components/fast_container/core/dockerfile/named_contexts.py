"""Named contexts: which one a name of the Dockerfile means, and which that are not directories can change.

Decides which of the caller's named contexts replaces a stage or an image (as BuildKit's ``dockerui`` does); that an OCI
layout must be named by digest, since it is a directory of this machine that no key covers; and that a fetched context
which may change deserves a warning. Leaves the spelling of image names to ``core.oci.reference``, platforms to
``core.oci.platform``, and images of a registry to ``core.images``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from fast_container.core.dockerfile.model import RefusedError, is_commit
from fast_container.core.oci.reference import NotAReferenceError, Reference, parse_reference
from fast_container.errors import ArgsError

_LAYOUT: Final = "oci-layout://"
_IMAGE: Final = "docker-image://"
_DIGEST: Final = re.compile(r".*@sha256:[0-9a-f]{64}", re.DOTALL)


class NamedContexts:
    """The named contexts that the caller gives."""

    def __init__(self, names: Collection[str]) -> None:
        self._names: dict[str, str] = {}
        for name in names:
            base, separator, platform = name.partition("::")
            try:
                key = parse_reference(base).familiar
            except NotAReferenceError:
                key = base
            self._names[f"{key}{separator}{platform}"] = name

    def find(self, name: str, platform: str) -> str | None:
        """Return the caller's name of the context that replaces a stage or image, or None.

        Raises:
            RefusedError: ``name`` cannot be the name of a context.
        """
        if name.lower() in ("scratch", "context"):
            return None
        key = read_reference(name).familiar
        return self._names.get(f"{key}::{platform}") or self._names.get(key)


def read_reference(text: str) -> Reference:
    """Parse an image's name in a Dockerfile.

    Raises:
        RefusedError: It is not a reference.
    """
    try:
        return parse_reference(text)
    except NotAReferenceError as error:
        raise RefusedError(str(error)) from None


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
