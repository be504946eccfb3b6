"""V12: one Python package twice, and several Pythons.

Decides by the folders that installers write: ``NAME-VERSION.dist-info``. Two in one folder, or one beside the other on
the path: Python imports one of them, and the image ships both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found, is_of_base
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.file_kinds import DISTRIBUTION, PYTHON
from fast_container.core.layers.merged import Merged

_INSTALLED: Final = re.compile(r"((?:.*/)?)([A-Za-z0-9._]+)-([^/-]+)\.dist-info/METADATA")
_VENDORED: Final = re.compile(r".*/(?:_vendor|_bundled)/.*")


def check_distributions(image: ImageContents, files: ImageFiles, settings: ImageRequirements) -> Iterator[Found]:
    """Find packages and Pythons that are there twice."""
    places: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    pythons: set[str] = set()
    own: set[str] = set()
    for placed in files.merged.of_kind(DISTRIBUTION):
        found = _INSTALLED.fullmatch(placed.entry.path)
        if found and not _VENDORED.fullmatch(placed.entry.path):
            name = re.sub(r"[-_.]+", "-", found[2]).lower()
            places[name].append((found[1], found[2], found[3]))
            own |= set() if is_of_base(files, placed.layer, settings) else {name}
    for placed in files.merged.of_kind(PYTHON):
        version = placed.entry.path.rpartition("python")[2]
        pythons.add(version)
        own |= set() if is_of_base(files, placed.layer, settings) else {f"python {version}"}
    twice = {name: sorted(of) for name, of in places.items() if len(of) > 1}
    sizes = _sizes(files, {f"{folder}{name}/" for of in twice.values() for folder, name, _ in of}) if twice else {}
    for name, of in sorted(twice.items()):
        yield Found(
            ", ".join(f"/{folder}{known}-{version}.dist-info" for folder, known, version in of),
            f"{name} is in the image {len(of)} times.",
            "Python imports one of them, which may not be the one that was tested",
            "Install it in one place, or leave it to the base image.",
            min(sizes.get(f"{folder}{known}/", 0) for folder, known, _ in of) or None,
            is_of_base=name not in own,
        )
    if len(pythons) > 1:
        yield Found(
            image.name,
            f"The image has {len(pythons)} Pythons: {', '.join(sorted(pythons))}.",
            "packages of one are not those of the other",
            "Use the base image's Python.",
            _size_of_smallest(files, pythons),
            is_of_base=not any(f"python {version}" in own for version in pythons),
        )


def _size_of_smallest(files: ImageFiles, pythons: set[str]) -> int | None:
    """Bytes that the image has without all but the largest Python, as far as their libraries show them."""
    sizes = dict.fromkeys(pythons, 0)
    for version in pythons:
        for root in ("usr/lib", "usr/local/lib", "var/lang/lib", "opt/python/lib"):
            sizes[version] += _size_below(files.merged, f"{root}/python{version}")
    return sum(sorted(sizes.values())[:-1]) or None


def _sizes(files: ImageFiles, folders: set[str]) -> dict[str, int]:
    return {folder: _size_below(files.merged, folder.rstrip("/")) for folder in folders}


def _size_below(merged: Merged, folder: str) -> int:
    return sum(
        listing.sizes[listing.index[path]]
        for layer, listing in enumerate(merged.listings)
        for path in listing.below(folder)
        if merged.top.get(path) == layer
    )
