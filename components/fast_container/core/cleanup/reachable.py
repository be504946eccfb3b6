"""What an image that stays keeps with it.

Decides four ways: an index keeps the images that it lists; an image keeps what refers to it (records, signatures,
SBOMs), and an artifact that stays keeps its subject; an image keeps the base images of ours that it was built on, as
its record names them and as its layers show: an image under a key tag whose layers are the first ones of another, or
all of them where it is in another repository (an image may add settings alone; in one repository, images of the same
layers are rather builds of one image).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fast_container.core.cleanup.stored import StoredImage

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Relations:
    """Which image keeps which.

    Attributes:
        images: Repository and digest → image.
        referrers: Repository and digest → what refers to it.
        by_key_tag: Key tag → images.
        by_layers: Layers → the images under a key tag that have exactly these.
    """

    images: Mapping[Place, StoredImage]
    referrers: Mapping[Place, Sequence[StoredImage]]
    by_key_tag: Mapping[str, Sequence[StoredImage]]
    by_layers: Mapping[tuple[str, ...], Sequence[StoredImage]]

    @classmethod
    def of(cls, images: Iterable[StoredImage]) -> Relations:
        """Find the relations of images."""
        by_place: dict[Place, StoredImage] = {}
        referrers: dict[Place, list[StoredImage]] = {}
        by_key_tag: dict[str, list[StoredImage]] = {}
        by_layers: dict[tuple[str, ...], list[StoredImage]] = {}
        for image in images:
            by_place[image.place] = image
            if image.refers_to:
                referrers.setdefault((image.repository, image.refers_to), []).append(image)
            for tag in image.key_tags:
                by_key_tag.setdefault(tag, []).append(image)
            if image.key_tags and image.layers:
                by_layers.setdefault(image.layers, []).append(image)
        return cls(by_place, referrers, by_key_tag, by_layers)

    def names_of(self) -> dict[Place, str]:
        """Repository and digest of an image → its name in its program, where a record says it."""
        return {
            place: name
            for place, beside in self.referrers.items()
            if (name := next((one.image_name for one in beside if one.image_name), ""))
        }

    def kept_with(self, image: StoredImage) -> list[tuple[StoredImage, str]]:
        """Return what one image keeps, each with the reason."""
        shown = shown_name(image)
        found = [
            (child, f"listed by the index {shown}")
            for digest in image.children
            if (child := self.images.get((image.repository, digest)))
        ]
        found += [(other, f"refers to {shown}") for other in self.referrers.get(image.place, ())]
        if image.refers_to and (subject := self.images.get((image.repository, image.refers_to))):
            found.append((subject, f"{shown} refers to it"))
        return found + [(base, f"base image of {shown}") for base in self._bases(image)]

    def _bases(self, image: StoredImage) -> list[StoredImage]:
        beside = self.referrers.get(image.place, ())
        told = [base for one in beside for tag in one.bases for base in self.by_key_tag.get(tag, ())]
        layers = [base for end in range(1, len(image.layers)) for base in self.by_layers.get(image.layers[:end], ())]
        same = [
            base
            for base in self.by_layers.get(image.layers, ())
            if base.digest != image.digest and base.repository != image.repository
        ]
        return told + layers + same


def keep_reachable(relations: Relations, reasons: dict[Place, str]) -> None:
    """Add to the kept images, each with its reason, everything that they keep."""
    waiting = [relations.images[place] for place in reasons if place in relations.images]
    while waiting:
        for other, reason in relations.kept_with(waiting.pop()):
            if other.place not in reasons:
                reasons[other.place] = reason
                waiting.append(other)


def shown_name(image: StoredImage) -> str:
    """Name an image in a reason: a tag of it, else the start of its digest."""
    return image.tags[0] if image.tags else image.digest[: len("sha256:") + 12]
