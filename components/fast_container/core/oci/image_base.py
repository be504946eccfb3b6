"""What an image starts from, and which of its layers and steps are the base's.

Decides by the image's own history: its last steps are those of its Dockerfile, so what is before them is the base's. So
nothing is asked of a registry, which may count each question, and an image of any builder can be told. A history that
does not fit the Dockerfile tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fast_container.core.json_document import as_string, as_strings
from fast_container.core.oci.configuration import HistoryEntry


@dataclass(frozen=True, slots=True)
class ImageBase:
    """What an image starts from.

    Attributes:
        name: For people: the reference of an external image, or the name of a base image of ours.
        own_steps: Names of the instructions that the Dockerfile adds to the history, in order.
        reported: Rules by which checks of its own report what is found in it; none for images of the outside.
    """

    name: str
    own_steps: tuple[str, ...]
    reported: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Fields of a document; ``read_image_base`` reads them."""
        return {"name": self.name, "own_steps": list(self.own_steps), "reported": list(self.reported)}


@dataclass(frozen=True, slots=True)
class BasePart:
    """How much of an image is its base's.

    Attributes:
        layers: Number of its layers, the lowest ones.
        steps: Number of the steps of its history, the first ones.
    """

    layers: int
    steps: int


def base_part(history: Sequence[HistoryEntry], layers: int, own_steps: Sequence[str]) -> BasePart | None:
    """Tell the base's part of an image; None where the history does not fit.

    Args:
        history: The image's.
        layers: Number of its layers.
        own_steps: See ``ImageBase``.
    """
    steps = len(history) - len(own_steps)
    if steps < 0 or sum(not entry.is_empty for entry in history) != layers:
        return None
    if any(entry.created_by.split(" ", 1)[0] != step for entry, step in zip(history[steps:], own_steps, strict=True)):
        return None
    return BasePart(sum(not entry.is_empty for entry in history[:steps]), steps)


def read_image_base(document: object) -> ImageBase | None:
    """Read the form of ``ImageBase.as_json``; None for null.

    Raises:
        TypeError: A field is of another type.
    """
    if document is None:
        return None
    if not isinstance(document, dict):
        raise TypeError(f"a {type(document).__name__} instead of an object")
    given = cast("Mapping[str, object]", document)
    name, own_steps = as_string(given.get("name")), as_strings(given.get("own_steps"))
    return ImageBase(name, own_steps, as_strings(given.get("reported")))
