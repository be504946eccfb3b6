"""Paths in an image as its programs see them: links followed within the image, programs found by ``PATH``.

Decides when a path comes to an end: after as many links as Linux follows.
"""

from __future__ import annotations

import posixpath
from typing import Final

from fast_container.core.layers.entry import DIRECTORY, HARDLINK, SYMLINK, Entry
from fast_container.core.layers.merged import Merged, Placed
from fast_container.core.oci.configuration import ImageConfiguration

_MOST_LINKS: Final = 40
_LONGEST_PATH: Final = 4096
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDER_MODE: Final = 0o755


def resolve(merged: Merged, path: str) -> Placed | None:
    """Follow a path from the image's root; None if nothing is there."""
    place = _followed(merged, path)
    found = merged.get(place) if place is not None else None
    if found is not None and found.entry.kind == HARDLINK:
        return merged.get(found.entry.link) or found
    return found


def stat(merged: Merged, path: str) -> Entry | None:
    """Return what is at a path without following its last link; a directory may have no entry of its own."""
    place = _followed(merged, path, follow_last=False)
    if place is None:
        return None
    found = merged.get(place)
    if found is None:
        return Entry(place, DIRECTORY, 0, _FOLDER_MODE, 0, 0, 0) if not place or merged.has_below(place) else None
    target = merged.get(found.entry.link) if found.entry.kind == HARDLINK else None
    return target.entry._replace(path=found.entry.path) if target else found.entry


def _followed(merged: Merged, path: str, *, follow_last: bool = True) -> str | None:
    """The path without links; None after too many of them, and for a path that Linux would refuse."""
    if len(path) > _LONGEST_PATH:
        return None
    waiting = [part for part in reversed(path.split("/")) if part]
    here = ""
    links = 0
    while waiting:
        part = waiting.pop()
        if part == ".":
            continue
        if part == "..":
            here = posixpath.dirname(here)
            continue
        here = f"{here}/{part}" if here else part
        found = merged.get(here)
        if found is None or found.entry.kind != SYMLINK or (not waiting and not follow_last):
            continue
        links += 1
        if links > _MOST_LINKS:
            return None
        target = found.entry.link
        if len(target) > _LONGEST_PATH:
            return None
        here = "" if target.startswith("/") else posixpath.dirname(here)
        waiting += [one for one in reversed(target.split("/")) if one]
    return here


def program(merged: Merged, configuration: ImageConfiguration, name: str) -> Placed | None:
    """Find a program as ``exec`` finds it; None if it is not there."""
    if "/" in name:
        return resolve(merged, name if name.startswith("/") else f"{configuration.working_directory}/{name}")
    for folder in configuration.env.get("PATH", _PATH).split(":"):
        if found := resolve(merged, f"{folder}/{name}"):
            return found
    return None
