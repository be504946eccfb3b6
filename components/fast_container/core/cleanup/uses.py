"""Who says that an image is in use, and which images that means.

Decides in favour of the image. A digest means that image in every repository, whatever host or name the reference has
(a replica, a pull-through cache and a second host name of one registry hold the same image); a tag means what it names
now, in each repository of that name below any prefix, and a key tag what it names in every repository. A reference that
cannot be read and mentions one of the repositories stops the deletion. Leaves finding references to ``adapters.usage``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.json_document import is_digest
from fast_container.core.key import TAG_PATTERN, is_key_tag
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.oci.repository import Repository

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])", re.ASCII)
_SCHEME: Final = re.compile(r"^[a-z]{1,20}(?:-[a-z]{1,20})?://", re.ASCII)
_KEY_TAG: Final = re.compile(rf"{TAG_PATTERN}(?![0-9a-f])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of an image.

    Attributes:
        reference: As the service says it: ``host/name:tag``, ``host/name@sha256:…``, or a digest alone.
        by: Who uses it, in words (``alias live of function orders, version 14``).
    """

    reference: str
    by: str


class UnclearUse(ValueError):  # noqa: N818 - what it is
    """A use of one of the repositories whose image cannot be told."""


def images_in_use(images: Sequence[StoredImage], uses: Iterable[Use]) -> dict[tuple[str, str], list[str]]:
    """Return repository and digest of each image in use → who uses it, in the order of the uses.

    Raises:
        UnclearUse: A reference mentions one of the repositories and cannot be read.
    """
    places = _Places.of(images)
    found: dict[tuple[str, str], list[str]] = {}
    for use in uses:
        for place in places.meant(use):
            users = found.setdefault(place, [])
            if use.by not in users:
                users.append(use.by)
    return found


def mean_unlisted_images(images: Sequence[StoredImage], uses: Iterable[Use]) -> bool:
    """Whether a use may name an image of these repositories that is not among the images: one that came later."""
    places = _Places.of(images)
    names = set(places.names.values())
    return any(_may_be_in(use.reference.strip(), names) and not places.meant(use) for use in uses)


def _may_be_in(text: str, names: Iterable[str]) -> bool:
    return is_key_tag(text) or any(name in text for name in names)


@dataclass(frozen=True, slots=True)
class _Places:
    """The images by what a reference can name."""

    by_digest: Mapping[str, Sequence[tuple[str, str]]]
    by_tag: Mapping[str, Sequence[tuple[str, str]]]
    names: Mapping[str, str]

    @classmethod
    def of(cls, images: Iterable[StoredImage]) -> _Places:
        by_digest: dict[str, list[tuple[str, str]]] = {}
        by_tag: dict[str, list[tuple[str, str]]] = {}
        names: dict[str, str] = {}
        for image in images:
            by_digest.setdefault(image.digest, []).append(image.place)
            names[image.repository] = Repository.parse(image.repository).name
            for tag in image.tags:
                by_tag.setdefault(tag, []).append(image.place)
        return cls(by_digest, by_tag, names)

    def meant(self, use: Use) -> list[tuple[str, str]]:
        """The images that a use can mean."""
        text = _SCHEME.sub("", use.reference.strip())
        if is_digest(text):
            return list(self.by_digest.get(text, ()))
        if is_key_tag(text):
            return list(self.by_tag.get(text, ()))
        try:
            reference = parse_reference(text)
        except NotAReferenceError:
            return self._in_text(text, use.by)
        found = list(self.by_digest.get(reference.digest, ()))
        tag = reference.tag or ("" if reference.digest else "latest")
        for place in self.by_tag.get(tag, ()):
            name = self.names[place[0]]
            if is_key_tag(tag) or reference.path == name or reference.path.endswith(f"/{name}"):
                found.append(place)
        return found

    def _in_text(self, text: str, by: str) -> list[tuple[str, str]]:
        """The images whose digests or key tags stand in a string that is not a reference."""
        digests, tags = _DIGEST.findall(text), _KEY_TAG.findall(text)
        if not digests and not tags and any(name in text for name in self.names.values()):
            raise UnclearUse(f"{by}: {text!r}")
        found = [place for digest in digests for place in self.by_digest.get(digest, ())]
        return found + [place for tag in tags for place in self.by_tag.get(tag, ())]
