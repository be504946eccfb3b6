"""V12: one Python package twice, and several Pythons.

Decides by the folders that installers write: ``NAME-VERSION.dist-info``. Two in one folder, or one beside the other on
the path: Python imports one of them, and the image ships both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from fast_container.checks.image.rule import Found
from fast_container.checks.image.settings import ImageChecks
from fast_container.core.layers.contents import ImageContents, ImageFiles

_INSTALLED: Final = re.compile(r"((?:.*/)?)([A-Za-z0-9._]+)-([^/-]+)\.dist-info/METADATA")
_VENDORED: Final = re.compile(r".*/(?:_vendor|_bundled)/.*")
_PYTHON: Final = re.compile(r"(?:.*/)?bin/python(3\.\d+)")


def check_distributions(image: ImageContents, files: ImageFiles, _: ImageChecks) -> Iterator[Found]:
    """Find packages and Pythons that are there twice."""
    places: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    pythons: set[str] = set()
    for path in files.merged.files:
        if (found := _INSTALLED.fullmatch(path)) and not _VENDORED.fullmatch(path):
            name = re.sub(r"[-_.]+", "-", found[2]).lower()
            places[name].append((found[1], found[2], found[3]))
        elif python := _PYTHON.fullmatch(path):
            pythons.add(python[1])
    twice = {name: sorted(of) for name, of in places.items() if len(of) > 1}
    sizes = _sizes(files, {f"{folder}{name}/" for of in twice.values() for folder, name, _ in of}) if twice else {}
    for name, of in sorted(twice.items()):
        yield Found(
            ", ".join(f"/{folder}{known}-{version}.dist-info" for folder, known, version in of),
            f"{name} is in the image {len(of)} times.",
            "Python imports one of them, which may not be the one that was tested",
            "Install it in one place, or leave it to the base image.",
            min(sizes.get(f"{folder}{known}/", 0) for folder, known, _ in of) or None,
        )
    if len(pythons) > 1:
        yield Found(
            image.name,
            f"The image has {len(pythons)} Pythons: {', '.join(sorted(pythons))}.",
            "packages of one are not those of the other",
            "Use the base image's Python.",
        )


def _sizes(files: ImageFiles, folders: set[str]) -> dict[str, int]:
    found: dict[str, int] = dict.fromkeys(folders, 0)
    for path, placed in files.merged.files.items():
        at = path.find("/")
        while at > 0:
            if (folder := path[: at + 1]) in found:
                found[folder] += placed.entry.size
            at = path.find("/", at + 1)
    return found
