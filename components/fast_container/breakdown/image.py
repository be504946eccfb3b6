"""One image, divided: the way in.

Decides the model of a breakdown. Leaves reading the image to ``build.image_contents``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.breakdown.directories import Directory, heavy_directories
from fast_container.breakdown.instructions import instruction
from fast_container.breakdown.owners import Owners, Package, owners
from fast_container.breakdown.waste import Waste, waste_of
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.efficiency import efficiency
from fast_container.core.layers.entry import DIRECTORY
from fast_container.core.layers.merged import Merged


@dataclass(frozen=True, slots=True)
class LayerShare:
    """A layer.

    Attributes:
        digest: Its digest.
        instruction: The instruction that made it.
        compressed_bytes: As stored and pulled.
        unpacked_bytes: Content of its files.
        files: How many entries it has that are not directories.
        hidden_bytes: Content that later layers hide.
    """

    digest: str
    instruction: str
    compressed_bytes: int
    unpacked_bytes: int
    files: int
    hidden_bytes: int


@dataclass(frozen=True, slots=True)
class PackageShare:
    """A package with what the image shows of it."""

    package: Package
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """An image, divided.

    Attributes:
        name: ``host/name@sha256:…``.
        platform: ``os/architecture[/variant]``.
        compressed_bytes: All layers, as stored and pulled.
        unpacked_bytes: Content of all files of all layers.
        layers: The lowest first.
        sizes: Path → bytes, of the files that the image shows.
        owners: The packages of these files.
        directories: Those that hold most.
        distributions: Python distributions, the largest first.
        packages: The system's packages, the largest first.
        unowned_bytes: Content of files that are of no package.
        waste: What ships unseen.
        efficiency: By dive's formula.
    """

    name: str
    platform: str
    compressed_bytes: int
    unpacked_bytes: int
    layers: tuple[LayerShare, ...]
    sizes: Mapping[str, int] = field(repr=False)
    owners: Owners = field(repr=False)
    directories: tuple[Directory, ...]
    distributions: tuple[PackageShare, ...]
    packages: tuple[PackageShare, ...]
    unowned_bytes: int
    waste: Waste
    efficiency: float

    @property
    def shown_bytes(self) -> int:
        """Content of the files that the image shows."""
        return self.unpacked_bytes - self.waste.bytes


def break_down(image: ImageContents, files: ImageFiles) -> Breakdown:
    """Divide an image.

    Args:
        image: The image.
        files: Its files.
    """
    sizes = _sizes(files.merged)
    found = owners(files.merged, sizes)
    waste = waste_of(files)
    layers = tuple(
        LayerShare(
            layer.digest,
            instruction(layer.created_by),
            layer.compressed_bytes,
            layer.listing.unpacked_bytes,
            len(layer.listing) - layer.listing.types.count(DIRECTORY),
            hidden,
        )
        for layer, hidden in zip(files.layers, waste.of_layers, strict=True)
    )
    return Breakdown(
        image.name,
        image.configuration.platform,
        image.compressed_bytes,
        files.unpacked_bytes,
        layers,
        sizes,
        found,
        tuple(heavy_directories(sizes)),
        _shares(sizes, found.distributions),
        _shares(sizes, found.packages),
        sum(size for path, size in sizes.items() if found.of(path) is None),
        waste,
        efficiency(files),
    )


def _sizes(merged: Merged) -> dict[str, int]:
    """Path → bytes, of what the image shows but directories; from columns, since there may be a million."""
    found: dict[str, int] = {}
    for path, layer in merged.top.items():
        listing = merged.listings[layer]
        at = listing.index[path]
        if listing.types[at] != DIRECTORY:
            found[path] = listing.sizes[at]
    return found


def _shares(sizes: Mapping[str, int], packages: Mapping[str, Package]) -> tuple[PackageShare, ...]:
    total: defaultdict[Package, list[int]] = defaultdict(lambda: [0, 0])
    for path, package in packages.items():
        if path in sizes:
            total[package][0] += sizes[path]
            total[package][1] += 1
    shares = (PackageShare(package, size, count) for package, (size, count) in total.items())
    return tuple(sorted(shares, key=lambda one: (-one.bytes, one.package)))
