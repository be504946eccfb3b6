"""Two images side by side: what grew, and why.

Decides what is one thing in both: a layer by its instruction, a package by its kind, name and place, a file by its
path. What did not change is left out. Leaves the words to those who draw it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fast_container.breakdown.directories import Directory, heavy_directories
from fast_container.breakdown.image import Breakdown, LayerShare, PackageShare
from fast_container.breakdown.instructions import without_digests


@dataclass(frozen=True, slots=True)
class LayerChange:
    """An instruction whose layer changed; ``before`` or ``after`` is None where only one image has it."""

    before: LayerShare | None
    after: LayerShare | None

    @property
    def instruction(self) -> str:
        """As the later image has it, if it does."""
        one = self.after or self.before
        return one.instruction if one else ""

    @property
    def growth_bytes(self) -> int:
        """How many unpacked bytes there are more."""
        return (self.after.unpacked_bytes if self.after else 0) - (self.before.unpacked_bytes if self.before else 0)

    @property
    def compressed_growth_bytes(self) -> int:
        """How many compressed bytes there are more."""
        after = self.after.compressed_bytes if self.after else 0
        return after - (self.before.compressed_bytes if self.before else 0)


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that changed; ``before`` or ``after`` is None where only one image has it."""

    before: PackageShare | None
    after: PackageShare | None

    @property
    def name(self) -> str:
        """The package's."""
        one = self.after or self.before
        return one.package.name if one else ""

    @property
    def kind(self) -> str:
        """The package's."""
        one = self.after or self.before
        return one.package.kind if one else ""

    @property
    def growth_bytes(self) -> int:
        """How many bytes there are more."""
        return (self.after.bytes if self.after else 0) - (self.before.bytes if self.before else 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one image to another.

    Attributes:
        before: The image that is compared with.
        after: The image.
        layers: Changed instructions, those that grew most first, as everywhere here.
        directories: Where files changed.
        distributions: Changed Python distributions.
        packages: Changed packages of the system.
        shared_layers: How many layers both have.
    """

    before: Breakdown
    after: Breakdown
    layers: tuple[LayerChange, ...]
    directories: tuple[Directory, ...]
    distributions: tuple[PackageChange, ...]
    packages: tuple[PackageChange, ...]
    shared_layers: int


def compare(before: Breakdown, after: Breakdown) -> Comparison:
    """Compare two images."""
    known = {layer.digest for layer in before.layers}
    return Comparison(
        before,
        after,
        tuple(_layer_changes(before, after)),
        tuple(one for one in heavy_directories(after.sizes, before.sizes) if one.growth_bytes or not one.is_rest),
        _package_changes(before.distributions, after.distributions),
        _package_changes(before.packages, after.packages),
        sum(layer.digest in known for layer in after.layers),
    )


def _layer_changes(before: Breakdown, after: Breakdown) -> Iterator[LayerChange]:
    pairs: defaultdict[tuple[str, int], list[LayerShare | None]] = defaultdict(lambda: [None, None])
    for at, one in enumerate((before, after)):
        for key, layer in _keyed(one.layers):
            pairs[key][at] = layer
    changes = [LayerChange(*pair) for pair in pairs.values() if _digest(pair[0]) != _digest(pair[1])]
    yield from sorted(changes, key=lambda change: (-abs(change.growth_bytes), change.instruction))


def _keyed(layers: Iterable[LayerShare]) -> Iterator[tuple[tuple[str, int], LayerShare]]:
    """Yield each layer with its instruction, and how many earlier ones have the same."""
    seen: defaultdict[str, int] = defaultdict(int)
    for layer in layers:
        said = without_digests(layer.instruction)
        yield (said, seen[said]), layer
        seen[said] += 1


def _digest(layer: LayerShare | None) -> str:
    return layer.digest if layer else ""


def _package_changes(before: Iterable[PackageShare], after: Iterable[PackageShare]) -> tuple[PackageChange, ...]:
    old, new = ({(*one.package[:2], one.package.folder): one for one in shares} for shares in (before, after))
    changes = [PackageChange(old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)]
    return tuple(sorted(changes, key=lambda change: (-abs(change.growth_bytes), change.kind, change.name)))
