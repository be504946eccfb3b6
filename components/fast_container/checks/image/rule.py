"""What a rule is given, and what it gives.

Decides the form: a rule is a function of an image and the settings that yields what it found; severities are put on it
later. Leaves the list of rules to ``checks.image.check``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.merged import Placed


@dataclass(frozen=True, slots=True)
class Found:
    """A finding before its rule and severity are known; they become those of ``checks.finding.Finding``.

    Attributes:
        where: Place.
        what: What is wrong.
        why: What it costs.
        fix: What to do.
        estimate_bytes: Bytes that the fix saves.
        basis: Which bytes those are.
        file: A file of the user's that says so, such as one of structure tests.
        line: Its line.
        fails_in_service: Where it runs it would fail, so it is an error unless the user says otherwise.
        is_of_base: All of it comes from what the image starts from.
    """

    where: str
    what: str
    why: str = ""
    fix: str = ""
    estimate_bytes: int | None = None
    fails_in_service: bool = False
    basis: str = "unpacked"
    file: str = ""
    line: int = 0
    is_of_base: bool = False


OfManifest = Callable[[ImageContents, ImageRequirements], Iterator[Found]]
OfFiles = Callable[[ImageContents, ImageFiles, ImageRequirements], Iterator[Found]]


def is_of_base(files: ImageFiles, layer: int, settings: ImageRequirements) -> bool:
    """Whether a layer, by its number, is one of what the image starts from."""
    return files.layers[layer].digest in settings.base_layers


def by_origin(
    files: ImageFiles, placed: Iterable[Placed], settings: ImageRequirements
) -> Iterator[tuple[bool, list[Placed]]]:
    """Divide files into the image's own and those of its base, each part with whether it is the base's; none empty."""
    parts: tuple[list[Placed], list[Placed]] = [], []
    for one in placed:
        parts[is_of_base(files, one.layer, settings)].append(one)
    yield from ((origin, part) for origin, part in zip((False, True), parts, strict=True) if part)


def place_of(files: ImageFiles, placed: Placed) -> str:
    """A file's place for people: its path, and its layer with the instruction that made it."""
    layer = files.layers[placed.layer]
    made = f", by {layer.created_by[:80]}" if layer.created_by else ""
    return f"/{placed.entry.path} in layer {placed.layer + 1} of {len(files.layers)}{made}"
