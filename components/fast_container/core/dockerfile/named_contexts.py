"""Finds named contexts by the names that a Dockerfile uses.

Decides which of the caller's named contexts replaces a stage or an image. Leaves the spelling of image names to
``core.oci.reference``, and platforms to ``core.oci.platform``.
Source: BuildKit's ``dockerui``.
"""

from __future__ import annotations

from collections.abc import Collection

from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.oci.reference import NotAReferenceError, Reference, parse_reference


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
